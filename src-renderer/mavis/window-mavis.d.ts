import type { WindowApi } from '../../shared/ipc/window-api.ts';

declare global {
  interface Window {
    /** What the preload exposes: the contract of `shared/ipc/`, and nothing else. */
    readonly mavis: WindowApi;
  }
}
