import { useState } from 'react';
import { profileColour, profileFields, type ProfileFields } from '../../shared/ipc/contract.ts';
import type { Profile, ShownError } from '../../shared/ipc/stores.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { useOneAtATime } from '../controls/use-one-at-a-time.ts';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { draftOf, ProxyChoice, settingOf } from '../network/proxy-choice.tsx';
import { useParts } from '../stores/parts.tsx';

/** What is known of the certificate behind the address. */
type Certificate =
  | { readonly status: 'not-read' }
  | { readonly status: 'reading' }
  | { readonly status: 'read'; readonly serviceUrl: string; readonly fingerprint: string; readonly subject: string; readonly issuer: string; readonly trustedBySystem: boolean }
  | { readonly status: 'failed'; readonly error: ShownError };

/**
 * Adds or changes a profile. The certificate is read before anything is kept: one that the computer does not trust is pinned
 * only after the fingerprint was compared.
 */
export function ProfileForm({ profile, onDone }: { readonly profile: Profile | null; readonly onDone: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [name, setName] = useState(profile?.name ?? '');
  const [colour, setColour] = useState<ProfileFields['colour']>(profileColour.catch('blue').parse(profile?.colour));
  const [address, setAddress] = useState(profile?.serviceUrl ?? 'https://');
  const [proxy, setProxy] = useState(() => draftOf(profile?.proxy ?? { kind: 'system' }));
  const [certificate, setCertificate] = useState<Certificate>({ status: 'not-read' });
  const [compared, setCompared] = useState(false);
  const [problems, setProblems] = useState<{ readonly name: boolean; readonly address: boolean; readonly compare: boolean; readonly proxy: boolean }>({ name: false, address: false, compare: false, proxy: false });
  const [failure, setFailure] = useState<ShownError | null>(null);

  const { busy, run } = useOneAtATime();
  const read = async () => {
    const url = profileFields.shape.serviceUrl.safeParse(address.trim());
    const setting = settingOf(proxy);
    setProblems((before) => ({ ...before, address: !url.success, proxy: setting === undefined }));
    if (!url.success || setting === undefined) return;
    setCertificate({ status: 'reading' });
    setCompared(false);
    const answer = await ask(mavis.profiles.readFingerprint({ serviceUrl: url.data, proxy: setting }));
    setCertificate(answer.ok ? { status: 'read', serviceUrl: url.data, ...answer.value } : { status: 'failed', error: answer.error });
  };

  const save = async (): Promise<void> => {
    const unchanged = profile !== null && address.trim() === profile.serviceUrl && certificate.status === 'not-read';
    if (!unchanged && (certificate.status !== 'read' || certificate.serviceUrl !== address.trim())) return read();
    const pin = unchanged ? profile.pin : pinOf(certificate, compared);
    const mustCompare = certificate.status === 'read' && !certificate.trustedBySystem && !compared;
    const fields = profileFields.safeParse({ name: name.trim(), colour, serviceUrl: address.trim(), pin, proxy: settingOf(proxy) ?? null });
    const wrong = new Set(fields.success ? [] : fields.error.issues.map((issue) => issue.path[0]));
    setProblems({ name: wrong.has('name'), address: wrong.has('serviceUrl'), compare: mustCompare, proxy: wrong.has('proxy') });
    if (!fields.success || mustCompare) return undefined;
    const answer = profile === null ? await ask(mavis.profiles.add(fields.data)) : await ask(mavis.profiles.update({ profileId: profile.id, fields: fields.data }));
    if (!answer.ok) return setFailure(answer.error);
    if (profile === null && 'profileId' in answer.value) await ask(mavis.profiles.select({ profileId: answer.value.profileId }));
    return onDone();
  };

  return (
    <form
      className="sign-in-form"
      noValidate
      aria-label={profile === null ? text('sign-in.add-profile') : text('sign-in.edit-profile', { name: profile.name })}
      aria-busy={busy}
      onSubmit={(event) => {
        event.preventDefault();
        void run(save);
      }}
    >
      <h2>{profile === null ? text('sign-in.add-profile') : text('sign-in.edit-profile', { name: profile.name })}</h2>
      <Field label={text('profile.name')} hint={text('profile.name-hint')} problem={problems.name ? text('profile.name-invalid') : null}>
        {(ties) => <input {...ties} className="input" value={name} maxLength={60} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <ColourChoice value={colour} onChange={setColour} />
      <Field label={text('profile.address')} problem={problems.address ? text('profile.address-invalid') : null}>
        {(ties) => (
          <div className="profile-address">
            <input
              {...ties}
              className="input mono"
              value={address}
              maxLength={300}
              inputMode="url"
              autoCapitalize="off"
              spellCheck={false}
              onChange={(event) => {
                setAddress(event.target.value);
                setCertificate({ status: 'not-read' });
              }}
            />
            <button type="button" className="button" aria-disabled={certificate.status === 'reading'} onClick={() => certificate.status !== 'reading' && void read()}>
              {text('profile.check')}
            </button>
          </div>
        )}
      </Field>
      <ProxyChoice draft={proxy} wrong={problems.proxy} onChange={setProxy} />
      <CertificateNotice certificate={certificate} compared={compared} problem={problems.compare} onCompared={setCompared} />
      {failure && <ErrorNotice error={failure} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onDone}>
          {text('common.cancel')}
        </button>
        <button type="submit" className="button button-primary" aria-disabled={busy}>
          {text('common.save')}
        </button>
      </div>
    </form>
  );
}

/** The pin to keep: what was compared, or what a person wants pinned although the computer trusts it. */
function pinOf(certificate: Certificate, compared: boolean): string | null {
  return certificate.status === 'read' && compared ? certificate.fingerprint : null;
}

interface CertificateNoticeProps {
  readonly certificate: Certificate;
  readonly compared: boolean;
  readonly problem: boolean;
  readonly onCompared: (compared: boolean) => void;
}

function CertificateNotice({ certificate, compared, problem, onCompared }: CertificateNoticeProps) {
  const text = useText();
  if (certificate.status === 'not-read') return null;
  if (certificate.status === 'failed') return <ErrorNotice error={certificate.error} />;
  if (certificate.status === 'reading') {
    return (
      <p className="badge" role="status">
        <span className="spinner" />
        {text('profile.checking')}
      </p>
    );
  }
  const { trustedBySystem, fingerprint, subject, issuer } = certificate;
  return (
    <div className={trustedBySystem ? 'notice notice-good' : 'notice notice-warn'} role="status">
      <Icon name={trustedBySystem ? 'shieldCheck' : 'warning'} />
      <div className="notice-body">
        <p className="notice-message">{trustedBySystem ? text('profile.trusted') : text('profile.untrusted')}</p>
        <p className="notice-remedy">{text('profile.trusted-detail', { subject, issuer })}</p>
        {!trustedBySystem && <p>{text('profile.compare')}</p>}
        <code className="fingerprint">{fingerprint}</code>
        <label className="check">
          <input type="checkbox" checked={compared} onChange={(event) => onCompared(event.target.checked)} />
          {trustedBySystem ? text('profile.pin-trusted') : text('profile.compared')}
        </label>
        {problem && !compared && (
          <span className="field-problem" role="alert">
            <Icon name="warning" />
            {text('profile.must-compare')}
          </span>
        )}
      </div>
    </div>
  );
}

function ColourChoice({ value, onChange }: { readonly value: ProfileFields['colour']; readonly onChange: (colour: ProfileFields['colour']) => void }) {
  const text = useText();
  return (
    <fieldset className="colours">
      <legend className="field-label">{text('profile.colour')}</legend>
      <div className="colours-row">
        {profileColour.options.map((colour) => (
          <label key={colour} className="colour" data-colour={colour} title={text(`colour.${colour}`)}>
            <input type="radio" name="colour" aria-label={text(`colour.${colour}`)} checked={colour === value} onChange={() => onChange(colour)} />
            <span className="profile-mark" />
          </label>
        ))}
      </div>
      <span className="field-hint">{text('profile.colour-hint')}</span>
    </fieldset>
  );
}
