import './appearance/tokens.css';
import './appearance/base.css';
import './frame/frame.css';
import './sign-in/sign-in.css';
import './resources/resources.css';
import './sessions/sessions.css';
import './session/session.css';
import './recordings/recordings.css';
import './logs/logs.css';
import './users/users.css';
import './gateways/gateways.css';
import './tunnel/tunnel.css';
import './diagnostics/diagnostics.css';
import './settings/settings.css';
import '@xterm/xterm/css/xterm.css';
import { MainWindowView } from './frame/main-window-view.tsx';
import { startWindow } from './frame/start-window.tsx';

startWindow(<MainWindowView />, ['settings', 'profiles', 'account', 'inventory', 'gateways', 'sessions', 'changes', 'logWork', 'network', 'diagnostics']);
