import type { RecordingSummary } from '../../shared/api/recordings.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useText, useTranslator } from '../language/use-text.ts';

const looks: Readonly<Record<RecordingSummary['state'], { readonly icon: IconName; readonly className: string }>> = {
  recording: { icon: 'record', className: 'badge badge-accent' },
  sealed: { icon: 'shieldCheck', className: 'badge badge-good' },
  recovered: { icon: 'shield', className: 'badge badge-warn' },
  incomplete: { icon: 'warning', className: 'badge badge-bad' },
};

/** A recording's state by icon and word, with the reason where it is not whole (S69). */
export function StateBadge({ recording }: { readonly recording: RecordingSummary }) {
  const text = useText();
  const translator = useTranslator();
  const look = looks[recording.state];
  const reason = recording.code === null ? undefined : errorText(translator, recording.code, {}).message;
  return (
    <span className={look.className} title={reason}>
      <Icon name={look.icon} />
      {text(`recordings.state-${recording.state}`)}
      {reason !== undefined && <span className="visually-hidden">: {reason}</span>}
    </span>
  );
}
