import type { ReactNode } from 'react';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { useText, useTranslator } from '../language/use-text.ts';
import { Icon } from './icon.tsx';
import { ReferenceButton } from './reference-button.tsx';

/** An error of the catalogue: what happened, what to do, who must act, and its reference. It is announced when it appears. */
export function ErrorNotice({ error, children }: { readonly error: ShownError; readonly children?: ReactNode }) {
  const translator = useTranslator();
  const text = useText();
  const { message, remedy, actor, actorName } = errorText(translator, error.code, error.args);
  return (
    <div className="notice" role="alert">
      <Icon name="warning" />
      <div className="notice-body">
        <p className="notice-message">{message}</p>
        <p className="notice-remedy">{remedy}</p>
        <div className="notice-foot">
          {actor !== 'nobody' && (
            <span>
              {text('common.who-acts')}: <strong>{actorName}</strong>
            </span>
          )}
          {error.reference !== null && (
            <span>
              {text('common.reference')}: <ReferenceButton reference={error.reference} />
            </span>
          )}
        </div>
        {children}
      </div>
    </div>
  );
}
