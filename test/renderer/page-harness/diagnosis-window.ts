import { scriptedMavis } from './scripted-mavis.ts';

Object.defineProperty(window, 'mavis', { value: scriptedMavis(new URLSearchParams(location.search)) });
await import('../../../src-renderer/diagnosis-window.tsx');
