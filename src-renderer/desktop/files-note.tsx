import { useFormats, useText } from '../language/use-text.ts';
import type { ClipboardFilesState } from './use-clipboard-files.ts';

/** What becomes of files that cross by the clipboard, over the picture: how far they are, or that they are there. Gone when its reader closes it. */
export function FilesNote({ files }: { readonly files: ClipboardFilesState }) {
  const text = useText();
  const formats = useFormats();
  const { work } = files;
  if (work === null) return null;
  return (
    <div className="files-note">
      <p role="status">
        {work.kind === 'taking' ? text('desktop.files-taking', { count: work.files, done: formats.bytes(work.doneBytes), total: formats.bytes(work.totalBytes) }) : text(`desktop.files-${work.kind}`, { count: work.files })}
      </p>
      {work.kind === 'taking' && <progress max={Math.max(1, work.totalBytes)} value={work.doneBytes} aria-label={text('desktop.files-take')} />}
      <button type="button" className="button button-small" onClick={work.kind === 'taking' ? files.stop : files.close}>
        {text(work.kind === 'taking' ? 'desktop.files-stop' : 'common.close')}
      </button>
    </div>
  );
}
