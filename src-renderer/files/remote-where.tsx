import { useState } from 'react';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { crumbsOf } from './file-order.ts';

/** Where one is on the target: folders above, each a way there, or a path that is typed. */
export function RemoteWhere({ side, path, onGo }: { readonly side: string; readonly path: string; readonly onGo: (path: string) => void }) {
  const text = useText();
  const [typed, setTyped] = useState<string | null>(null);
  if (typed !== null) {
    return (
      <input
        className="input mono files-path"
        value={typed}
        autoFocus
        spellCheck={false}
        autoComplete="off"
        aria-label={text('files.path')}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => setTyped(null)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setTyped(null);
          if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
          setTyped(null);
          if (typed !== '') onGo(typed);
        }}
      />
    );
  }
  return (
    <>
      <nav className="files-crumbs" aria-label={text('files.breadcrumbs', { side })}>
        {crumbsOf(path).map((crumb) => (
          <button key={crumb.path} type="button" className="files-crumb" onClick={() => onGo(crumb.path)}>
            <bdi>{printableFileName(crumb.name)}</bdi>
          </button>
        ))}
      </nav>
      <button type="button" className="button button-icon" aria-label={text('files.type-path')} title={text('files.type-path')} onClick={() => setTyped(path)}>
        <Icon name="edit" />
      </button>
    </>
  );
}

/** Where one is on this computer, below the folder that was granted. */
export function LocalWhere({ side, root, place, onGo, onChoose }: { readonly side: string; readonly root: string; readonly place: readonly string[]; readonly onGo: (place: string[]) => void; readonly onChoose: () => void }) {
  const text = useText();
  return (
    <>
      <nav className="files-crumbs" aria-label={text('files.breadcrumbs', { side })}>
        {[root, ...place].map((name, depth) => (
          <button key={depth} type="button" className="files-crumb" onClick={() => onGo(place.slice(0, depth))}>
            <bdi>{name}</bdi>
          </button>
        ))}
      </nav>
      <button type="button" className="button button-small" onClick={onChoose}>
        {text('files.choose-folder')}
      </button>
    </>
  );
}
