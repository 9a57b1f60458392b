import { Component, type ReactNode } from 'react';
import { type ConnectionReference, connectionReferenceFrom } from '../../shared/ids.ts';
import { useText } from '../language/use-text.ts';
import { Icon } from '../controls/icon.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { PartStopped } from '../mavis/page-faults.ts';

type BoundaryState = { readonly status: 'whole' } | { readonly status: 'broken'; readonly reference: ConnectionReference };

/**
 * Keeps a fault in one part of a window from taking the window down: shows that it stopped, under a reference that also
 * stands in the app's log.
 */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, BoundaryState> {
  override state: BoundaryState = { status: 'whole' };

  static getDerivedStateFromError(): BoundaryState {
    return { status: 'broken', reference: connectionReferenceFrom(crypto.getRandomValues(new Uint8Array(10))) };
  }

  override componentDidCatch(error: Error): void {
    if (this.state.status === 'broken') globalThis.reportError(new PartStopped(this.state.reference, error));
  }

  override render(): ReactNode {
    return this.state.status === 'whole' ? this.props.children : <Broken reference={this.state.reference} />;
  }
}

function Broken({ reference }: { readonly reference: ConnectionReference }) {
  const text = useText();
  return (
    <div className="empty" role="alert">
      <Icon name="warning" />
      <p className="empty-title">{text('app.crashed')}</p>
      <p>{text('app.crashed-remedy')}</p>
      <ReferenceButton reference={reference} />
      <button type="button" className="button" onClick={() => location.reload()}>
        {text('common.reload')}
      </button>
    </div>
  );
}
