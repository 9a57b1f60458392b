import type { TextLanguage } from '../../shared/languages/translate.ts';

/** A picture of the guides. */
export interface GuidePicture {
  /** Its file below `docs/pictures/`, and for Japanese below `docs/pictures/ja/`. */
  readonly file: string;
  /** The scene that it shows. */
  readonly scene: string;
  readonly languages: readonly Extract<TextLanguage, 'en' | 'ja'>[];
  /** The part of the window that it shows; the whole where none is named. */
  readonly part?: string;
  /** How high the window is; 640 pixels where nothing is said. */
  readonly heightPx?: number;
}

const DIALOG = 'dialog[open]';
const CARD = '.sign-in-card';

/** Every picture of the guides; those of the administrator guide are in English, as the guide is. */
export const guidePictures: readonly GuidePicture[] = [
  { file: 'add-profile.png', scene: 'add a profile', languages: ['en', 'ja'], part: CARD },
  { file: 'resources.png', scene: 'resources: few', languages: ['en', 'ja'] },
  { file: 'session.png', scene: 'session: connected', languages: ['en', 'ja'] },
  { file: 'files.png', scene: 'session: files-plain', languages: ['en', 'ja'] },
  { file: 'failure.png', scene: 'session: failed', languages: ['en', 'ja'], heightPx: 760 },
  { file: 'diagnostics.png', scene: 'diagnostics', languages: ['en', 'ja'] },
  { file: 'command-palette.png', scene: 'command palette', languages: ['en', 'ja'], part: DIALOG },
  { file: 'gateways.png', scene: 'gateways', languages: ['en', 'ja'] },
  { file: 'gateway-define.png', scene: 'gateway set-up: define (S35)', languages: ['en'], part: DIALOG },
  { file: 'gateway-install.png', scene: 'gateway set-up: install (S36)', languages: ['en'], part: DIALOG },
  { file: 'gateway-key.png', scene: 'gateway set-up: public key (S38)', languages: ['en'], part: DIALOG },
  { file: 'gateway-state.png', scene: 'gateway set-up: synchronised (S39)', languages: ['en'], part: DIALOG },
  { file: 'gateway-test.png', scene: 'gateway set-up: connection test (S40)', languages: ['en'], part: DIALOG },
  { file: 'resource-tags.png', scene: 'resources: tags of one (S37)', languages: ['en'], part: DIALOG },
  { file: 'tunnel.png', scene: 'gateways: Tunnel', languages: ['en'] },
  { file: 'access-rules.png', scene: 'access rules, tried', languages: ['en'] },
  { file: 'playback.png', scene: 'player', languages: ['en'] },
];
