import { useState } from 'react';
import type { Finding } from '../../shared/diagnostics/diagnosis-run.ts';
import { findingText } from '../../shared/diagnostics/finding-text.ts';
import { portCommands } from '../../shared/diagnostics/port-commands.ts';
import { Icon } from '../controls/icon.tsx';
import { useText, useTranslator } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';

/** What is wrong, most likely cause first: where, who must act, what to do, and for ports the commands (S43-S46, S64). */
export function FindingsList({ findings }: { readonly findings: readonly Finding[] }) {
  const text = useText();
  const translator = useTranslator();
  if (findings.length === 0) {
    return (
      <p className="notice notice-good" role="status">
        <Icon name="check" />
        <span className="notice-body">
          <strong className="notice-message">{text('diagnostics.good')}</strong>
          <span className="notice-remedy">{text('diagnostics.good-detail')}</span>
        </span>
      </p>
    );
  }
  return (
    <section aria-labelledby="findings-title">
      <h2 id="findings-title" className="diagnostics-heading">
        <span role="status">{text('diagnostics.findings', { count: findings.length })}</span>
      </h2>
      <ol className="findings">
        {findings.map((finding, index) => {
          const { cause, remedy, actorName, legName } = findingText(translator, finding);
          return (
            <li key={`${finding.code} ${JSON.stringify(finding.args)}`} className={index === 0 ? 'finding finding-first' : 'finding'}>
              {index === 0 && findings.length > 1 && <span className="badge badge-bad">{text('diagnostics.first')}</span>}
              <h3 className="finding-cause">{cause}</h3>
              <dl className="facts">
                <dt>{text('common.who-acts')}</dt>
                <dd>
                  <strong>{actorName}</strong>
                </dd>
                <dt>{text('diagnostics.where')}</dt>
                <dd>{legName}</dd>
                <dt>{text('common.what-to-do')}</dt>
                <dd>{remedy}</dd>
              </dl>
              {finding.ports.length > 0 && <PortCommandList ports={finding.ports} />}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function PortCommandList({ ports }: { readonly ports: readonly number[] }) {
  const { mavis } = useParts();
  const text = useText();
  const commands = portCommands(ports);
  const [chosen, setChosen] = useState<string>('ufw');
  const [copied, setCopied] = useState(false);
  const shown = commands.find(({ tool }) => tool === chosen) ?? commands[0];
  if (shown === undefined) return null;
  const lines = shown.lines.join('\n');
  const copy = async (): Promise<void> => {
    const answer = await ask(mavis.app.copyText({ text: lines }));
    setCopied(answer.ok);
  };
  return (
    <details className="port-commands">
      <summary>{text('diagnostics.commands')}</summary>
      <p className="field-hint">{text('diagnostics.commands-hint')}</p>
      <p className="field-hint">{text('diagnostics.commands-unsure')}</p>
      <div className="port-commands-tools">
        <label className="field">
          <span className="field-label">{text('diagnostics.tool')}</span>
          <select
            className="input"
            value={shown.tool}
            onChange={(event) => {
              setChosen(event.target.value);
              setCopied(false);
            }}
          >
            {commands.map(({ tool, name }) => (
              <option key={tool} value={tool}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="button" className="button" onClick={() => void copy()}>
          <Icon name={copied ? 'check' : 'copy'} />
          {text(copied ? 'diagnostics.copied' : 'diagnostics.copy')}
        </button>
      </div>
      <pre className="preview mono" tabIndex={0} aria-label={shown.name}>
        {lines}
      </pre>
    </details>
  );
}
