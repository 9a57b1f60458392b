import { language } from '../../shared/ipc/settings.ts';
import { useLanguage, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useManaged } from '../settings/use-managed.ts';
import { useParts } from '../stores/parts.tsx';

/** Each language by its own name, so that everyone finds theirs. */
export const languageNames = { en: 'English', ja: '日本語', 'zh-Hant': '繁體中文' } as const;

/** The choice of language on the sign-in page, where nobody has reached the settings yet. There is none where the organisation has chosen. */
export function LanguageChoice() {
  const { mavis } = useParts();
  const text = useText();
  const current = useLanguage();
  if (useManaged()?.names.includes('language') === true) return null;
  return (
    <div className="sign-in-foot" role="group" aria-label={text('settings.language')}>
      {language.options.map((option) => (
        <button key={option} type="button" lang={option} className="button button-quiet button-small" aria-pressed={option === current} onClick={() => void ask(mavis.settings.update({ changes: { language: option } }))}>
          {languageNames[option]}
        </button>
      ))}
    </div>
  );
}
