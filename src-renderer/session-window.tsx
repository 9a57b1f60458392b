import './appearance/tokens.css';
import './appearance/base.css';
import './frame/frame.css';
import './session/session.css';
import './desktop/desktop.css';
import './files/files.css';
import './palette/palette.css';
import '@xterm/xterm/css/xterm.css';
import { sessionOfPage } from '../shared/ipc/page-address.ts';
import { startWindow } from './frame/start-window.tsx';
import { SessionWindowView } from './session/session-window-view.tsx';

startWindow(<SessionWindowView sessionId={sessionOfPage(location.search)} />, ['settings', 'sessions', 'network']);
