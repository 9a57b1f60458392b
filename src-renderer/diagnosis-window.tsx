import './appearance/tokens.css';
import './appearance/base.css';
import './frame/frame.css';
import './session/session.css';
import './diagnostics/diagnostics.css';
import './palette/palette.css';
import { DiagnosisWindowView } from './diagnostics/diagnosis-window-view.tsx';
import { startWindow } from './frame/start-window.tsx';

startWindow(<DiagnosisWindowView />, ['settings', 'account', 'network', 'diagnostics']);
