import { type ManagedKey, managedSettings, managedSettingsShape } from '../../shared/managed-settings.ts';
import { FRAME_TEXTS, SETTING_TEXTS, TEMPLATE_LANGUAGES, type TemplateLanguage } from './setting-texts.ts';

const KEYS = Object.keys(managedSettingsShape) as ManagedKey[];
const REGISTRY_KEY = String.raw`SOFTWARE\Policies\MAVIS\Desktop`;
/** Ids of the profile's parts; fixed, so that a newer profile takes the place of an older one. */
const PROFILE_ID = '8B2B5C1E-58D6-4C0B-8B0E-3A0C4E7C9F31';
const PAYLOAD_ID = '5E0D7C52-0F60-4B5A-9D5E-7C4B1C5B8A12';

/** A policy as an example of each setting; valid by the schema itself, which throws where it no longer is. */
export const EXAMPLE_POLICY = managedSettings.required().parse({
  serviceUrl: 'https://mavis.example/',
  serviceName: 'MAVIS',
  servicePins: ['SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
  proxy: 'system',
  language: 'system',
  updates: 'automatic',
  updateChannel: 'stable',
  updateUrl: 'https://updates.example/mavis/',
  disabledFeatures: ['own-programs'],
});

const isList = (key: ManagedKey): boolean => Array.isArray(EXAMPLE_POLICY[key]);
const capital = (key: string): string => key.slice(0, 1).toUpperCase() + key.slice(1);
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The template of Windows (`.admx`): which value of the registry each setting is. */
export function admx(): string {
  const policies = KEYS.map((key) => {
    const name = capital(key);
    const element = isList(key) ? `<multiText id="${name}" valueName="${name}" required="true"/>` : `<text id="${name}" valueName="${name}" required="true"/>`;
    return `    <policy name="${name}" class="Machine" displayName="$(string.${name})" explainText="$(string.${name}_Explain)" presentation="$(presentation.${name})" key="${REGISTRY_KEY}">
      <parentCategory ref="MavisDesktop"/>
      <supportedOn ref="Supported"/>
      <elements>${element}</elements>
    </policy>`;
  });
  return `<?xml version="1.0" encoding="utf-8"?>
<policyDefinitions xmlns="http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions" revision="1.0" schemaVersion="1.0">
  <policyNamespaces>
    <target prefix="mavis" namespace="MAVIS.Policies.Desktop"/>
  </policyNamespaces>
  <resources minRequiredRevision="1.0"/>
  <supportedOn>
    <definitions>
      <definition name="Supported" displayName="$(string.Supported)"/>
    </definitions>
  </supportedOn>
  <categories>
    <category name="MavisDesktop" displayName="$(string.MavisDesktop)"/>
  </categories>
  <policies>
${policies.join('\n')}
  </policies>
</policyDefinitions>
`;
}

/** The template's texts in one language (`.adml`). */
export function adml(language: TemplateLanguage): string {
  const { description, category, supported } = FRAME_TEXTS[language];
  const texts = SETTING_TEXTS[language];
  const strings = [['MavisDesktop', category], ['Supported', supported], ...KEYS.flatMap((key) => [[capital(key), texts[key].title], [`${capital(key)}_Explain`, texts[key].explanation]])];
  const presentations = KEYS.map((key) => {
    const inner = isList(key) ? `<multiTextBox refId="${capital(key)}"/>` : `<textBox refId="${capital(key)}"><label>${escaped(texts[key].title)}</label></textBox>`;
    return `      <presentation id="${capital(key)}">${inner}</presentation>`;
  });
  return `<?xml version="1.0" encoding="utf-8"?>
<policyDefinitionResources xmlns="http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions" revision="1.0" schemaVersion="1.0">
  <displayName>${escaped(category)}</displayName>
  <description>${escaped(description)}</description>
  <resources>
    <stringTable>
${strings.map(([id = '', text = '']) => `      <string id="${id}">${escaped(text)}</string>`).join('\n')}
    </stringTable>
    <presentationTable>
${presentations.join('\n')}
    </presentationTable>
  </resources>
</policyDefinitionResources>
`;
}

/** A profile for macOS with every setting, to be edited and signed by IT (`.mobileconfig`). */
export function mobileConfig(): string {
  const values = KEYS.map((key) => {
    const value = EXAMPLE_POLICY[key];
    const written = Array.isArray(value) ? `<array>${value.map((one) => `<string>${escaped(one)}</string>`).join('')}</array>` : `<string>${escaped(String(value))}</string>`;
    return `        <key>${key}</key>\n        ${written}`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
  <dict>
    <key>PayloadType</key>
    <string>Configuration</string>
    <key>PayloadVersion</key>
    <integer>1</integer>
    <key>PayloadIdentifier</key>
    <string>com.mavis.desktop.policy</string>
    <key>PayloadUUID</key>
    <string>${PROFILE_ID}</string>
    <key>PayloadDisplayName</key>
    <string>MAVIS Desktop</string>
    <key>PayloadScope</key>
    <string>System</string>
    <key>PayloadContent</key>
    <array>
      <dict>
        <key>PayloadType</key>
        <string>com.mavis.desktop</string>
        <key>PayloadVersion</key>
        <integer>1</integer>
        <key>PayloadIdentifier</key>
        <string>com.mavis.desktop.policy.settings</string>
        <key>PayloadUUID</key>
        <string>${PAYLOAD_ID}</string>
${values.join('\n')}
      </dict>
    </array>
  </dict>
</plist>
`;
}

/** Every template by its path below `packaging/policy/`, made from the one schema. */
export function policyTemplates(): ReadonlyMap<string, string> {
  return new Map([
    ['windows/mavis-desktop.admx', admx()],
    ...TEMPLATE_LANGUAGES.map((language) => [`windows/${language}/mavis-desktop.adml`, adml(language)] as const),
    ['macos/mavis-desktop.mobileconfig', mobileConfig()],
    ['linux/policy.json', `${JSON.stringify(EXAMPLE_POLICY, undefined, 2)}\n`],
  ]);
}
