/** What the log says where a part of the app stopped by itself. These lines are the crash reports: they stay on this computer, and a report of a diagnosis takes them along. */
export const crashMessages = {
  main: 'main process failed',
  page: 'page process gone',
  child: 'child process gone',
  session: 'session process ended',
  fault: 'fault in a page',
  faultsLeftOut: 'more faults in pages, left out',
  unfinished: 'last run did not end in order',
} as const;
