import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { RecordingSummary } from '../../shared/api/recordings.ts';
import { isDesktop } from '../../shared/ipc/desktop-protocols.ts';
import { clientSettings } from '../../shared/ipc/settings.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { clock } from '../language/formats.ts';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import type { PageTerminal } from '../terminal/page-terminal.ts';
import { DerivedPicture, DerivingBadge } from './derived/derived-picture.tsx';
import { DerivedScreen } from './derived/derived-screen.ts';
import { VideoExportTool } from './export/video-export-tool.tsx';
import { desktopScreen } from './desktop-player-screen.ts';
import { loadPlayback } from './playback-loader.ts';
import { NotProvenNotice, ProvenBadge } from './playback-proof.tsx';
import { speeds } from './player-time.ts';
import { terminalScreen } from './terminal-player-screen.ts';
import { TerminalKeyFrames } from './key-frames/terminal-key-frames.ts';
import { type MakeKeyFrames, RecordingPlayer } from './recording-player.ts';
import { RecordingTools } from './recording-tools.tsx';
import { SearchBar } from './search-bar.tsx';
import { StateBadge } from './state-badge.tsx';
import type { Mark } from './timeline.ts';
import { useFittingFont } from './use-fitting-font.ts';

const STEP_MS = 5000;

/** Plays one recording: the same hardened terminal as a session's, without input and with dead links (B8). */
export function PlayerView({ recording, onBack }: { readonly recording: RecordingSummary; readonly onBack: () => void }) {
  const text = useText();
  const formats = useFormats();
  const { area, screen, player, derived } = usePlayer(recording);
  const desktop = isDesktop(recording.protocol);
  const root = useRef<HTMLDivElement>(null);
  // Its keys are taken from the first moment on, and not only once something in it was clicked.
  useEffect(() => root.current?.focus(), []);
  const { full, setFull } = useFullScreen();
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && full) setFull(false);
    else if (player) onKey(event, player, () => setFull(!full));
  };
  return (
    <div ref={root} tabIndex={-1} className={full ? 'page player player-full' : 'page player'} onKeyDown={onKeyDown}>
      <header className="page-head">
        <button type="button" className="button button-small" onClick={onBack}>
          <Icon name="chevronRight" />
          {text('common.back')}
        </button>
        <h1 className="ellipsis">{text('player.title', { resource: recording.resourceName })}</h1>
        <StateBadge recording={recording} />
        <ReferenceButton reference={recording.reference} />
      </header>
      <p className="player-facts">
        {recording.userName} · {formats.dateTime(recording.startedAt)} · {recording.gatewayName} · {formats.bytes(recording.sizeBytes)}
      </p>
      <div ref={area} className="player-area" tabIndex={0} role="region" aria-label={text('player.screen')} onKeyDown={keepScrollKeys}>
        <div ref={screen} className={desktop ? 'player-screen player-desktop' : 'player-screen'} role="group" aria-label={text(desktop ? 'player.desktop' : 'player.terminal')} />
        {derived && <DerivedPicture derived={derived} />}
      </div>
      {player && <PlayerControls player={player} derived={derived} full={full} onFull={() => setFull(!full)} />}
      <RecordingTools recording={recording} film={player && derived && <FilmTool recording={recording} player={player} derived={derived} />} />
    </div>
  );
}

function FilmTool({ recording, player, derived }: { readonly recording: RecordingSummary; readonly player: RecordingPlayer; readonly derived: DerivedScreen }) {
  const durationMs = useStore(player.store, (state) => state.durationMs);
  return <VideoExportTool recordingId={recording.id} derived={derived} durationMs={durationMs} />;
}

/** The player of a recording, made once its screen is in the document and ended with it. */
function usePlayer(recording: RecordingSummary) {
  const { mavis } = useParts();
  const settings = useFed('settings', (state) => state) ?? clientSettings.parse({});
  const area = useRef<HTMLDivElement>(null);
  const screen = useRef<HTMLDivElement>(null);
  const terminal = useRef<PageTerminal | null>(null);
  const [playing, setPlaying] = useState<{ readonly player: RecordingPlayer; readonly derived: DerivedScreen | null } | null>(null);
  const [grid, setGrid] = useState({ columns: 80, rows: 24 });
  const firstSettings = useRef(settings);
  const { id: recordingId, protocol } = recording;

  useLayoutEffect(() => {
    const place = screen.current;
    if (!place) return undefined;
    const onBroken = () => player.broken();
    const made = isDesktop(protocol) ? desktopScreen(place, protocol, onBroken) : terminalScreen(place, firstSettings.current, terminal, setGrid);
    const keyFrames: MakeKeyFrames = (first, events) => new TerminalKeyFrames({ terminal: { ...first, scrollbackLines: firstSettings.current.terminalScrollbackLines }, events });
    const player = new RecordingPlayer(made.screen, { request: (callback) => requestAnimationFrame(callback), cancel: (handle) => cancelAnimationFrame(handle) }, isDesktop(protocol) ? undefined : keyFrames);
    const ended = new AbortController();
    void loadPlayback(
      mavis,
      recordingId,
      { onHeader: (header) => player.begin(header), onFrames: (frames) => player.take(frames), onEnd: (end) => player.finish(end), onError: (error) => player.fail(error) },
      ended.signal,
    );
    const derived = isDesktop(protocol) ? new DerivedScreen(player, protocol) : null;
    setPlaying({ player, derived });
    player.play();
    return () => {
      ended.abort();
      derived?.dispose();
      player.dispose();
      made.dispose();
    };
  }, [mavis, recordingId, protocol]);

  useFittingFont(area, terminal, grid, settings);
  return { area, screen, player: playing?.player ?? null, derived: playing?.derived ?? null };
}

/** Whether the player fills its window, and the window the screen; taken back when the player is left. */
function useFullScreen() {
  const { mavis } = useParts();
  const [full, setFull] = useState(false);
  useEffect(() => {
    if (!full) return undefined;
    void ask(mavis.playback.setFullScreen({ full: true }));
    return () => void ask(mavis.playback.setFullScreen({ full: false }));
  }, [mavis, full]);
  return { full, setFull };
}

interface PlayerControlsProps {
  readonly player: RecordingPlayer;
  /** Null for a terminal, whose text is searched instead. */
  readonly derived: DerivedScreen | null;
  readonly full: boolean;
  readonly onFull: () => void;
}

function PlayerControls({ player, derived, full, onFull }: PlayerControlsProps) {
  const text = useText();
  const state = useStore(player.store);
  const at = clock(state.positionMs);
  const total = clock(state.durationMs);
  return (
    <div className="player-controls">
      {state.error && <ErrorNotice error={state.error} />}
      <NotProvenNotice player={player} />
      <SeekBar player={player} />
      <div className="player-row">
        <button type="button" className="button button-quiet button-icon" aria-label={text('player.back')} title={text('player.back')} onClick={() => player.seek(state.positionMs - STEP_MS)}>
          <Icon name="back" />
        </button>
        <button type="button" className="button button-primary button-icon" aria-label={text(state.playing ? 'player.pause' : state.atEnd ? 'player.replay' : 'player.play')} onClick={() => player.toggle()}>
          <Icon name={state.playing ? 'pause' : state.atEnd ? 'replay' : 'play'} />
        </button>
        <button type="button" className="button button-quiet button-icon" aria-label={text('player.forward')} title={text('player.forward')} onClick={() => player.seek(state.positionMs + STEP_MS)}>
          <Icon name="forward" />
        </button>
        <span className="tabular player-time">
          {at} / {total}
        </span>
        {!state.loaded && state.durationMs > 0 && <span className="badge">{text('player.loading', { percent: Math.floor((100 * state.loadedMs) / state.durationMs) })}</span>}
        {derived && <DerivingBadge derived={derived} durationMs={state.durationMs} />}
        <ProvenBadge player={player} />
        <span className="status-space" />
        <label className="check player-skip">
          <input type="checkbox" checked={state.skipIdle} onChange={(event) => player.setSkipIdle(event.target.checked)} />
          {text('player.skip-idle')}
        </label>
        <label className="player-speed">
          <span className="visually-hidden">{text('player.speed')}</span>
          <select className="input" value={String(state.speed)} onChange={(event) => player.setSpeed(speeds.find((speed) => String(speed) === event.target.value) ?? 1)}>
            {speeds.map((speed) => (
              <option key={speed} value={String(speed)}>
                {text('player.speed-value', { speed })}
              </option>
            ))}
          </select>
        </label>
        <button type="button" className="button button-quiet button-icon" aria-label={text('player.full-screen')} title={text('player.full-screen')} aria-pressed={full} onClick={onFull}>
          <Icon name="fullScreen" />
        </button>
      </div>
      {derived === null && <SearchBar player={player} />}
      <p className="field-hint">{text('player.keys')}</p>
    </div>
  );
}

function SeekBar({ player }: { readonly player: RecordingPlayer }) {
  const text = useText();
  const markText = useMarkText();
  const { positionMs, durationMs, marks } = useStore(player.store);
  const most = Math.max(1, Math.round(durationMs));
  return (
    <div className="seek">
      <div className="seek-marks" role="group" aria-label={text('player.marks')}>
        {marks.map((mark, index) => (
          <button
            key={`${index} ${mark.atMs}`}
            type="button"
            tabIndex={-1}
            className={`seek-mark seek-mark-${mark.kind}`}
            title={`${clock(mark.atMs)} ${markText(mark)}`}
            aria-label={`${clock(mark.atMs)} ${markText(mark)}`}
            style={{ left: `${(100 * mark.atMs) / most}%` }}
            onClick={() => player.seek(mark.atMs)}
          />
        ))}
      </div>
      <input
        type="range"
        className="seek-range"
        min={0}
        max={most}
        step={100}
        value={Math.round(positionMs)}
        aria-label={text('player.position')}
        aria-valuetext={text('player.position-text', { at: clock(positionMs), total: clock(durationMs) })}
        onChange={(event) => player.seek(Number(event.target.value))}
      />
    </div>
  );
}

function useMarkText(): (mark: Mark) => string {
  const { text } = useTranslator();
  return (mark) => {
    switch (mark.kind) {
      case 'resize':
        return text('player.mark-resize', { columns: mark.columns, rows: mark.rows });
      case 'input':
        return mark.text === '' ? text('player.mark-input', { bytes: mark.bytes }) : text('player.mark-typed', { what: mark.text });
      case 'exit':
        return text('player.mark-exit', { status: mark.status });
      case 'signal':
        return text('player.mark-signal');
      case 'request':
        return text('player.mark-request', { what: mark.what });
      case 'note':
        return text('player.mark-note', { what: mark.what });
    }
    return mark satisfies never;
  };
}

/** Where the screen is larger than its place, arrow keys scroll it as long as it has the focus, and are no keys of the player. */
function keepScrollKeys(event: KeyboardEvent<HTMLElement>): void {
  const { currentTarget: area } = event;
  const larger = area.scrollWidth > area.clientWidth || area.scrollHeight > area.clientHeight;
  if (larger && event.target === area && event.key.startsWith('Arrow')) event.stopPropagation();
}

/** Keys of the player; a field that has the focus keeps its own. */
function onKey(event: KeyboardEvent, player: RecordingPlayer, onFull: () => void): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.nativeEvent.isComposing) return;
  const { target } = event;
  const inField = target instanceof HTMLElement && target.matches('input, select, button') && !(target instanceof HTMLInputElement && target.type === 'range');
  if (inField && event.key === ' ') return;
  const { positionMs, skipIdle } = player.store.getState();
  const actions: Readonly<Record<string, () => void>> = {
    ' ': () => player.toggle(),
    ArrowLeft: () => player.seek(positionMs - STEP_MS),
    ArrowRight: () => player.seek(positionMs + STEP_MS),
    Home: () => player.seek(0),
    End: () => player.seekEnd(),
    '<': () => player.stepSpeed(-1),
    '>': () => player.stepSpeed(1),
    i: () => player.setSkipIdle(!skipIdle),
    f: onFull,
  };
  const action = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined;
  if (!action || (target instanceof HTMLSelectElement && event.key !== '<' && event.key !== '>')) return;
  event.preventDefault();
  action();
}
