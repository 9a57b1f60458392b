import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { FilesAnswer, FilesCall, ListedFile } from '../../shared/ipc/files-port.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { permissionLetters } from './file-order.ts';
import type { FilesAsked } from './files-link.ts';
import type { CallFiles } from './use-folder.ts';

interface DetailsDialogProps {
  readonly files: readonly ListedFile[];
  /** The folder in which they are, as it is shown. */
  readonly where: string;
  readonly call: CallFiles;
  /** What asks for sums, for a file's hash and, on the target, for where a link leads. */
  readonly asks: { readonly count: FilesCall; readonly hash: FilesCall | null; readonly link: FilesCall | null };
  readonly onClose: () => void;
}

/** What is known of files and, where the user asks for it, what they take with all that is in them, and a file's SHA-256. */
export function DetailsDialog({ files, where, call, asks, onClose }: DetailsDialogProps) {
  const text = useText();
  const formats = useFormats();
  const count = useAsked(call, asks.count);
  const hash = useAsked(call, asks.hash);
  const link = useAsked(call, asks.link);
  const { start: askLink } = link;
  useEffect(() => askLink(), [askLink]);
  const one = files.length === 1 ? files[0] : undefined;
  const title = one ? printableFileName(one.name) : text('files.chosen', { count: files.length });
  return (
    <Dialog
      title={text('files.details-of', { name: title })}
      onClose={onClose}
      actions={
        <button type="button" className="button button-primary" autoFocus onClick={onClose}>
          {text('common.close')}
        </button>
      }
    >
      <dl className="facts files-details">
        <Fact label={text('files.fact-folder')}>
          <bdi className="mono">{where}</bdi>
        </Fact>
        {one && (
          <>
            <Fact label={text('files.fact-kind')}>{text(`files.kind-${one.kind}`)}</Fact>
            {one.kind !== 'folder' && <Fact label={text('files.column-size')}>{text('files.bytes-exact', { size: formats.bytes(one.size), bytes: formats.number(one.size) })}</Fact>}
            {one.modifiedAtSeconds !== 0 && <Fact label={text('files.column-modified')}>{formats.dateTime(new Date(one.modifiedAtSeconds * 1000).toISOString())}</Fact>}
            {one.mode !== null && (
              <Fact label={text('files.mode')}>
                <span className="mono">
                  {permissionLetters(one.mode)} ({one.mode.toString(8)})
                </span>
              </Fact>
            )}
            {one.owner !== '' && <Fact label={text('files.fact-owner')}>{one.owner}</Fact>}
          </>
        )}
        {asks.link !== null && (
          <Fact label={text('files.link-target')}>
            <bdi className="mono">
              <Answer asked={link} word={({ target }) => printableFileName(target ?? '')} />
            </bdi>
          </Fact>
        )}
        <Fact label={text('files.fact-sum')}>
          <Answer asked={count} offer={text('files.measure')} word={({ files: found = 0, folders = 0, bytes = 0 }) => text('files.sum', { files: found, folders, size: formats.bytes(bytes) })} />
        </Fact>
        {asks.hash !== null && (
          <Fact label="SHA-256">
            <Answer asked={hash} offer={text('files.measure')} word={({ sha256 = '' }) => sha256} />
          </Fact>
        )}
      </dl>
    </Dialog>
  );
}

function Fact({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}

interface AskedOnce {
  readonly state: 'not-asked' | 'asked' | FilesAsked;
  readonly start: () => void;
}

/** Something that is asked when it is wanted, and no more looked for when the dialog is closed. */
function useAsked(call: CallFiles, what: FilesCall | null): AskedOnce {
  const [state, setState] = useState<AskedOnce['state']>('not-asked');
  const stop = useRef<AbortController | null>(null);
  // What is asked stays as it was when the dialog was opened, whatever is drawn around it.
  const [asked] = useState(() => what);
  const [ask] = useState(() => call);
  const [start] = useState(() => () => {
    if (asked === null || stop.current !== null) return;
    const mine = new AbortController();
    stop.current = mine;
    setState('asked');
    void ask(asked, { signal: mine.signal }).then((answer) => !mine.signal.aborted && setState(answer));
  });
  useEffect(
    () => () => {
      stop.current?.abort();
      stop.current = null;
    },
    [],
  );
  return { state, start };
}

function Answer({ asked: { state, start }, offer, word }: { readonly asked: AskedOnce; readonly offer?: string; readonly word: (answer: FilesAnswer) => string }) {
  const text = useText();
  if (state === 'not-asked' && offer !== undefined) {
    return (
      <button type="button" className="button button-small" onClick={start}>
        {offer}
      </button>
    );
  }
  if (state === 'not-asked' || state === 'asked') return <span role="status">{text('files.measuring')}</span>;
  return state.ok ? <span role="status" className="files-answer">{word(state.value)}</span> : <ErrorNotice error={state.error} />;
}
