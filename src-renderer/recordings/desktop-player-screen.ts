import type { Protocol } from '../../shared/ids.ts';
import { desktopEngines } from '../desktop/desktop-engines.ts';
import { DesktopScreen } from './desktop-screen.ts';
import { RdpScreen } from './rdp/rdp-screen.ts';
import type { PlayerScreen } from './recording-player.ts';

/** A screen that is ended with `dispose`. */
export interface MadeScreen {
  readonly screen: PlayerScreen;
  readonly dispose: () => void;
}

/** The screen on which a desktop's recording of a protocol plays, in an element. */
export function desktopScreen(place: HTMLElement, protocol: Protocol, onBroken: () => void, nextFrame: (callback: () => void) => void = (callback) => void requestAnimationFrame(callback)): MadeScreen {
  const startEngine = desktopEngines[protocol];
  const screen = protocol === 'rdp' || startEngine === undefined ? new RdpScreen(place, onBroken) : new DesktopScreen(place, startEngine(), nextFrame, onBroken);
  return { screen, dispose: () => screen.dispose() };
}
