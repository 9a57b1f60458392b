import type { Session } from '../../shared/ipc/stores.ts';
import { useNow } from '../language/use-now.ts';
import { useFormats } from '../language/use-text.ts';

const MINUTE_MS = 60_000;
/** Enough for a screen of 4K; what does not fit is cut off. */
const MARKS = Array.from({ length: 96 }, (_, place) => place);

/** Who looks at the picture, when, and under which reference, all over it, where the access rule says so: a photograph of the screen tells where it comes from. It takes no clicks and is read to nobody. */
export function Watermark({ session }: { readonly session: Session }) {
  const formats = useFormats();
  const now = useNow(MINUTE_MS);
  const words = [session.userName, formats.dateTime(new Date(now).toISOString()), session.reference ?? ''].join(' · ');
  return (
    <div className="watermark" aria-hidden="true">
      {MARKS.map((place) => (
        <span key={place}>{words}</span>
      ))}
    </div>
  );
}
