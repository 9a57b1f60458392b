/** Texts of live watch: of those who watch, and of those who are watched. */
export const watchingTextsEn = {
  'watch.open': 'Watch the session of {user} on {resource}',
  'watch.actions': 'What can be done',
  'watch.open-short': 'Watch',
  'watch.window-title': 'Watching {user} · {resource} · {protocol} · MAVIS',
  'watch.mark': 'Watching live, view only',
  'watch.mark-detail': 'The user is told that the session is watched, and it is in the audit log. What you type here goes nowhere.',
  'watch.of': 'Session of',
  'watch.stop': 'Stop watching',
  'watch.screen': 'What {user} sees on {resource}',
  'watch.left-out': 'Something was left out: this connection is slower than the session. What you see now is current.',
  'watch.end': 'End this session',
  'watched.mark': '{count, plural, one {Being watched} other {Watched by {count} people}}',
  'watched.by': 'Watched by {names}',
  'watched.detail': 'Somebody whose role allows it sees this session as it goes on. That is in the audit log.',
} as const;
