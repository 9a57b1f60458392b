import type { ITheme } from '@xterm/xterm';
import type { ClientSettings } from '../../shared/ipc/settings.ts';

/** The colours of each terminal theme. Text on ground is at least 4.5:1; xterm.js raises what a program chooses to that too. */
export const terminalThemes: Readonly<Record<ClientSettings['terminalTheme'], ITheme>> = {
  dark: {
    background: '#101318', foreground: '#d9dee8', cursor: '#8ba4ff', cursorAccent: '#101318', selectionBackground: '#34457a',
    black: '#262b36', red: '#ff7b72', green: '#6fd08c', yellow: '#e5b567', blue: '#79a8ff', magenta: '#c79bf2', cyan: '#62cfd4', white: '#d9dee8',
    brightBlack: '#7c879c', brightRed: '#ff9d95', brightGreen: '#93e0aa', brightYellow: '#f2cc8c', brightBlue: '#a3c2ff', brightMagenta: '#dcbcfa', brightCyan: '#8fe1e4', brightWhite: '#ffffff',
  },
  light: {
    background: '#ffffff', foreground: '#1d2330', cursor: '#3355d1', cursorAccent: '#ffffff', selectionBackground: '#c8d4fb',
    black: '#1d2330', red: '#b3261e', green: '#116b3f', yellow: '#855000', blue: '#2a4bc4', magenta: '#7436b8', cyan: '#0c6670', white: '#5a6374',
    brightBlack: '#5a6374', brightRed: '#c4362d', brightGreen: '#1a7d4c', brightYellow: '#946000', brightBlue: '#3b62e0', brightMagenta: '#8a4bd0', brightCyan: '#137a85', brightWhite: '#1d2330',
  },
  'high-contrast': {
    background: '#000000', foreground: '#ffffff', cursor: '#ffd700', cursorAccent: '#000000', selectionBackground: '#005a9e',
    black: '#000000', red: '#ff9e96', green: '#5dff9e', yellow: '#ffe766', blue: '#9fc0ff', magenta: '#f0b3ff', cyan: '#7df9ff', white: '#ffffff',
    brightBlack: '#b0b0b0', brightRed: '#ffc2bd', brightGreen: '#9affc4', brightYellow: '#fff3a6', brightBlue: '#c7daff', brightMagenta: '#f8d6ff', brightCyan: '#b5fcff', brightWhite: '#ffffff',
  },
  'solarized-dark': {
    background: '#002b36', foreground: '#a7b5b6', cursor: '#eee8d5', cursorAccent: '#002b36', selectionBackground: '#174652',
    black: '#073642', red: '#f0625f', green: '#9cb000', yellow: '#c99a10', blue: '#4ba3e3', magenta: '#e76aa8', cyan: '#3cb8ae', white: '#eee8d5',
    brightBlack: '#7c959c', brightRed: '#f57f55', brightGreen: '#a9b8b8', brightYellow: '#b6c4c6', brightBlue: '#9db0b4', brightMagenta: '#9a9ce6', brightCyan: '#b9c7c7', brightWhite: '#fdf6e3',
  },
};
