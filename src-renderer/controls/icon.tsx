/** Shapes of the icons, drawn on a grid of 16 by 16 with a line of 1.6. */
const shapes = {
  server: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01',
  windows: 'M2 3h9v7H2zM5 10v3h9V6h-3',
  record: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
  audit: 'M4 2h6l3 3v9H4zM10 2v3h3M6.5 8.5h4M6.5 11h4',
  warning: 'M8 2.5 14.2 13H1.8zM8 6.5v3M8 11.4h.01',
  settings: 'M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6M8 4.5a2 2 0 1 0 4 0 2 2 0 0 0-4 0zM4 11.5a2 2 0 1 0 4 0 2 2 0 0 0-4 0z',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.4 10.4 14 14',
  star: 'm8 2 1.8 3.8 4.2.5-3.1 2.9.8 4.1L8 11.3l-3.7 2 .8-4.1L2 6.3l4.2-.5z',
  close: 'm4 4 8 8M12 4l-8 8',
  check: 'm3 8.5 3.2 3L13 4.5',
  copy: 'M5.5 5.5h7.5V13H5.5zM3 10.5V3h7.5',
  list: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  cards: 'M2.5 2.5h4.5V7H2.5zM9 2.5h4.5V7H9zM2.5 9h4.5v4.5H2.5zM9 9h4.5v4.5H9z',
  user: 'M8 2.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4zM2.8 13.5c.5-2.6 2.6-4 5.2-4s4.7 1.4 5.2 4',
  gateway: 'M2 8h3M11 8h3M5 4.5h6v7H5zM8 4.5v7',
  target: 'M2.5 3h11v7.5h-11zM6 13.5h4M8 10.5v3',
  cloud: 'M4.5 12a2.8 2.8 0 0 1-.2-5.6 3.8 3.8 0 0 1 7.3.9A2.4 2.4 0 0 1 11.5 12z',
  online: 'M8 8h.01M5.2 10.8a4 4 0 0 1 0-5.6M10.8 5.2a4 4 0 0 1 0 5.6M3.3 12.7a6.6 6.6 0 0 1 0-9.4M12.7 3.3a6.6 6.6 0 0 1 0 9.4',
  offline: 'm2.5 2.5 11 11M5.2 10.8a4 4 0 0 1-.9-4.2M10.8 5.2a4 4 0 0 1 .9 4.2M8 8h.01',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
  eyeOff: 'm2.5 2.5 11 11M6.2 3.8A6.500 6.500 0 0 1 8 3.500c4 0 6.500 4.500 6.500 4.500a12 12 0 0 1-1.700 2.200M4 5a12 12 0 0 0-2.500 3S4 12.500 8 12.500c1 0 1.900-.300 2.700-.700',
  plus: 'M8 3v10M3 8h10',
  edit: 'm3 13 .6-2.700L10.800 3l2.200 2.200-7.300 7.200z',
  trash: 'M3 4.500h10M6 4.500V3h4v1.500M4.500 4.500 5 13h6l.500-8.500',
  chevronDown: 'm4 6 4 4 4-4',
  chevronRight: 'm6 4 4 4-4 4',
  chevronUp: 'm4 10 4-4 4 4',
  play: 'M5 3v10l8-5z',
  pause: 'M5.500 3v10M10.500 3v10',
  replay: 'M3 8a5 5 0 1 0 1.600-3.700M3 2.500v3h3',
  back: 'M8 4 4 8l4 4M12.500 4l-4 4 4 4',
  forward: 'm8 4 4 4-4 4M3.500 4l4 4-4 4',
  download: 'M8 2.500v7.500M4.800 7 8 10.200 11.200 7M3 13.500h10',
  shield: 'M8 2 3 4v4c0 3 2.200 5 5 6 2.800-1 5-3 5-6V4z',
  shieldCheck: 'M8 2 3 4v4c0 3 2.200 5 5 6 2.800-1 5-3 5-6V4zM5.800 8l1.600 1.600 2.900-3',
  link: 'M6.500 9.500a2.500 2.500 0 0 0 3.600 0l2-2a2.500 2.500 0 0 0-3.600-3.600l-.700.700M9.500 6.500a2.500 2.500 0 0 0-3.600 0l-2 2a2.500 2.500 0 0 0 3.600 3.600l.700-.700',
  clock: 'M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zM8 5v3.200l2 1.300',
  key: 'M5.500 7.500a3 3 0 1 0 0 .010M8.300 8H14M12 8v2.500',
  info: 'M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zM8 7.500v3.500M8 5.200h.010',
  circle: 'M8 3.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9z',
  tree: 'M2.5 3h4M4.5 3v9h3M4.5 7.5h3M9.500 6h4v3h-4zM9.500 10.500h4v3h-4z',
  folder: 'M2 4h4l1.500 2H14v7H2z',
  file: 'M4 2h5l3 3v9H4zM9 2v3h3',
  arrowUp: 'M8 13V3M4 7l4-4 4 4',
  question: 'M6 6a2 2 0 1 1 2.700 1.900c-.500.200-.700.600-.700 1.100v.500M8 11.800h.010',
  front: 'M3 9V3h6M3 3l5 5M7 13h6V7',
  signOut: 'M6.500 3H3v10h3.500M6.500 8H14M11 5l3 3-3 3',
  keyboard: 'M1.500 4h13v8h-13zM4 6.500h.010M6.500 6.500h.010M9 6.500h.010M11.500 6.500h.010M5 9.500h6',
  fullScreen: 'M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10',
  terminal: 'M2 3h12v10H2zM4.500 6l2 2-2 2M8 10h3',
  clipboard: 'M4 3.500h8V14H4zM6 2.500h4v2H6z',
  stop: 'M4 4h8v8H4z',
  arrowDown: 'M8 3v10M4 9l4 4 4-4',
  dash: 'M4 8h8',
  textSmaller: 'M1.5 13 5 4l3.500 9M2.700 10h4.600M10.500 8H15',
  textLarger: 'M1.500 13 5 4l3.500 9M2.700 10h4.600M10.500 8H15M12.750 5.750v4.500',
  matchCase: 'M1.500 12.500 5 3.500l3.500 9M2.700 9.500h4.600M14.500 7.500v5M14.500 10a2 2.500 0 1 0-4 0 2 2.500 0 0 0 4 0z',
  pattern: 'M3.500 12.500h.010M10 3.500v7M7 5.250l6 3.500M13 5.250l-6 3.500',
} as const;

export type IconName = keyof typeof shapes;

/** An icon beside words that say the same: it is hidden from screen readers. */
export function Icon({ name, filled = false }: { readonly name: IconName; readonly filled?: boolean }) {
  return (
    <svg className={filled ? 'icon icon-filled' : 'icon'} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}
