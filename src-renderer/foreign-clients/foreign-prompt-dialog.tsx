import { Dialog } from '../controls/dialog.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { PromptForm } from '../session/prompt-form.tsx';
import { useFed, useParts } from '../stores/parts.tsx';

/** The target's questions of a sign-on for a program of the user's own, whose session has no window to ask in: one after the other. */
export function ForeignPromptDialog() {
  const { mavis } = useParts();
  const text = useText();
  const asking = useFed('sessions', ({ items }) => Object.values(items).find(({ foreignClientId, phase }) => foreignClientId !== null && phase.status === 'connecting' && phase.prompt !== null));
  if (asking?.phase.status !== 'connecting' || asking.phase.prompt === null) return null;
  const cancel = () => void ask(mavis.sessions.cancel({ sessionId: asking.id }));
  return (
    <Dialog title={text('foreign.prompt-title')} onClose={cancel} actions={null}>
      <PromptForm key={`${asking.id} ${asking.phase.prompt.id}`} session={asking} prompt={asking.phase.prompt} onCancel={cancel} />
    </Dialog>
  );
}
