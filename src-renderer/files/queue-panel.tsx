import type { FilesCall, TransferJob } from '../../shared/ipc/files-port.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { Icon, type IconName } from '../controls/icon.tsx';
import { clock } from '../language/formats.ts';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';

type How = Extract<FilesCall, { do: 'steer' }>['how'];

interface QueuePanelProps {
  readonly jobs: readonly TransferJob[];
  readonly live: boolean;
  readonly onSteer: (jobId: number, how: How) => void;
}

/** What can be done with a transfer, by how it stands. */
const STEPS: Readonly<Record<TransferJob['status'], readonly How[]>> = { waiting: ['cancel'], running: ['pause', 'cancel'], paused: ['resume', 'cancel'], done: ['dismiss'], failed: ['retry', 'dismiss'], cancelled: ['retry', 'dismiss'] };
const ICONS: Readonly<Record<How, IconName>> = { pause: 'pause', resume: 'play', cancel: 'stop', retry: 'replay', dismiss: 'close' };

/** The transfers, the newest first, each with how far it is and what failed. */
export function QueuePanel({ jobs, live, onSteer }: QueuePanelProps) {
  const text = useText();
  const finished = jobs.filter(({ status }) => status === 'done' || status === 'cancelled');
  return (
    <section className="files-queue" aria-label={text('files.queue')}>
      <header className="files-queue-head">
        <h2 className="files-title">{text('files.queue')}</h2>
        <QueueTotal jobs={jobs} />
        {finished.length > 0 && (
          <button type="button" className="button button-small" onClick={() => finished.forEach(({ id }) => onSteer(id, 'dismiss'))}>
            {text('files.clear-finished')}
          </button>
        )}
      </header>
      {jobs.length === 0 ? (
        <p className="files-queue-empty">{text('files.queue-empty')}</p>
      ) : (
        <ul className="files-jobs scroll" tabIndex={0} aria-label={text('files.queue')}>
          {jobs.toReversed().map((job) => (
            <JobRow key={job.id} job={job} live={live} onSteer={onSteer} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** All transfers that are not over, as one: how far, how fast, and how long still. */
function QueueTotal({ jobs }: { readonly jobs: readonly TransferJob[] }) {
  const text = useText();
  const formats = useFormats();
  const under = jobs.filter(({ status }) => status === 'waiting' || status === 'running' || status === 'paused');
  if (under.length === 0) return null;
  const sum = (of: (job: TransferJob) => number): number => under.reduce((total, job) => total + of(job), 0);
  const [done, total, speed] = [sum(({ doneBytes }) => doneBytes), sum(({ totalBytes }) => totalBytes), sum(({ bytesPerSecond }) => bytesPerSecond)];
  return (
    <>
      <progress className="files-progress" max={1} value={total === 0 ? 0 : Math.min(1, done / total)} aria-label={text('files.total')} />
      <span className="files-job-facts tabular">
        <span>{text('files.under-way', { count: under.length })}</span>
        <span>{text('files.amount', { done: formats.bytes(done), total: formats.bytes(total) })}</span>
        {speed > 0 && <span>{text('files.speed', { speed: formats.bytes(speed) })}</span>}
        {speed > 0 && <span>{text('files.left', { time: clock(((total - done) / speed) * 1000) })}</span>}
      </span>
    </>
  );
}

function JobRow({ job, live, onSteer }: { readonly job: TransferJob; readonly live: boolean; readonly onSteer: QueuePanelProps['onSteer'] }) {
  const text = useText();
  const formats = useFormats();
  const translator = useTranslator();
  const share = job.totalBytes === 0 ? (job.status === 'done' ? 1 : 0) : Math.min(1, job.doneBytes / job.totalBytes);
  const leftMs = job.bytesPerSecond > 0 ? ((job.totalBytes - job.doneBytes) / job.bytesPerSecond) * 1000 : null;
  return (
    <li className="files-job" data-status={job.status}>
      <Icon name={job.direction === 'download' ? 'arrowDown' : 'arrowUp'} />
      <span className="visually-hidden">{text(`files.${job.direction}`)} </span>
      <bdi className="files-job-name ellipsis" title={job.name}>{job.name}</bdi>
      <progress className="files-progress" max={1} value={share} aria-label={text('files.progress', { name: job.name })} />
      <span className="files-job-facts tabular">
        <span className="files-job-status">{text(`files.status-${job.status}`)}</span>
        <span>{text('files.amount', { done: formats.bytes(job.doneBytes), total: formats.bytes(job.totalBytes) })}</span>
        {job.totalFiles > 1 && <span>{text('files.count', { done: formats.number(job.doneFiles), total: formats.number(job.totalFiles) })}</span>}
        {job.bytesPerSecond > 0 && <span>{text('files.speed', { speed: formats.bytes(job.bytesPerSecond) })}</span>}
        {leftMs !== null && job.status === 'running' && <span>{text('files.left', { time: clock(leftMs) })}</span>}
        {job.verified && <span>{text('files.verified')}</span>}
        {job.continued && !job.kept && <span>{text('files.continued')}</span>}
        {job.kept && <span>{text('files.kept')}</span>}
        {job.skipped > 0 && <span>{text('files.skipped', { count: job.skipped })}</span>}
        {job.unlike > 0 && <span>{text('files.unlike', { count: job.unlike })}</span>}
      </span>
      <span className="files-job-steps">
        {STEPS[job.status].map((how) => (
          <button key={how} type="button" className="button button-icon" aria-label={`${text(`files.do-${how}`)}: ${job.name}`} title={text(`files.do-${how}`)} aria-disabled={!live && how !== 'dismiss'} onClick={() => (live || how === 'dismiss') && onSteer(job.id, how)}>
            <Icon name={ICONS[how]} />
          </button>
        ))}
      </span>
      {(job.failures.length > 0 || job.renamed.length > 0) && (
        <ul className="files-job-notes">
          {job.failures.map((failure, at) => {
            const { message, remedy } = errorText(translator, failure.code, failure.args);
            return (
              <li key={`f${at}`} className="files-job-failure">
                <bdi>{failure.name}</bdi>: {message} {remedy}
              </li>
            );
          })}
          {job.failureCount > job.failures.length && <li>{text('files.more-failures', { count: job.failureCount - job.failures.length })}</li>}
          {job.renamed.map(({ from, to }, at) => (
            <li key={`r${at}`}>{text('files.renamed', { from, to })}</li>
          ))}
        </ul>
      )}
    </li>
  );
}
