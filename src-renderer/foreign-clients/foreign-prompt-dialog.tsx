import type { Session } from '../../shared/ipc/stores.ts';
import type { Prompt } from '../../shared/proxy-stream/messages.ts';
import { Dialog } from '../controls/dialog.tsx';
import { useRest } from '../controls/use-rest.ts';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { PromptForm } from '../session/prompt-form.tsx';
import { useFed, useParts } from '../stores/parts.tsx';

/** The target's questions of a sign-on for a program of the user's own, whose session has no window to ask in: one after the other, each in a dialog of its own. */
export function ForeignPromptDialog() {
  const asking = useFed('sessions', ({ items }) => Object.values(items).find(({ foreignClientId, phase }) => foreignClientId !== null && phase.status === 'connecting' && phase.prompt !== null));
  if (asking?.phase.status !== 'connecting' || asking.phase.prompt === null) return null;
  return <AskedDialog key={`${asking.id} ${asking.phase.prompt.id}`} session={asking} prompt={asking.phase.prompt} />;
}

/** It opens over whatever its user is typing, and the next resource's comes where the last one's was: neither gets what was meant for something else. */
function AskedDialog({ session, prompt }: { readonly session: Session; readonly prompt: Prompt }) {
  const { mavis } = useParts();
  const text = useText();
  const { onKeyDown } = useRest(`${session.id} ${prompt.id}`);
  const cancel = () => void ask(mavis.sessions.cancel({ sessionId: session.id }));
  return (
    <Dialog title={text('foreign.prompt-title', { resource: session.resourceName })} onClose={cancel} actions={null}>
      <PromptForm session={session} prompt={prompt} onCancel={cancel} onKeyDown={onKeyDown} />
    </Dialog>
  );
}
