/** Sides of an icon of Windows, in pixels: 16, 32, 48 and 256 at 100 %, and what 125, 150 and 200 % make of the small ones. */
export const ICO_SIDES = [16, 20, 24, 32, 40, 48, 64, 128, 256] as const;
/** Sides of the icons of a Linux desktop, as the hicolor theme has them. */
export const LINUX_SIDES = [16, 24, 32, 48, 64, 96, 128, 256, 512, 1024] as const;
/** Sides of the tray's icon on Windows, from 100 to 300 %. */
export const TRAY_ICO_SIDES = [16, 20, 24, 32, 48] as const;

/** What a tray's icon says: nothing in particular, or that something wants to be looked at. */
export const TRAY_STATES = ['', '-attention'] as const;

/** The parts of the one source picture. */
export interface SourceParts {
  readonly definitions: string;
  readonly ground: string;
  readonly mark: string;
}

/** Takes the source picture apart; throws where a part is missing. */
export function readSource(svg: string): SourceParts {
  const part = (pattern: RegExp, name: string): string => {
    const found = pattern.exec(svg)?.[0];
    if (found === undefined) throw new Error(`the source picture has no ${name}`);
    return found;
  };
  return { definitions: part(/<defs>.*?<\/defs>/s, 'definitions'), ground: part(/<rect id="ground"[^>]*\/>/, 'ground'), mark: part(/<g id="mark".*?<\/g>/s, 'mark') };
}

function picture(width: number, height: number, viewBox: string, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${viewBox}">${content}</svg>`;
}

/** The app's icon. */
export function appIcon({ definitions, ground, mark }: SourceParts, side: number): string {
  return picture(side, side, '0 0 64 64', `${definitions}${ground}${mark}`);
}

/** The mark alone in one colour, for panels of their own colour; with a dot where something wants to be looked at. */
export function trayMark({ mark }: SourceParts, side: number, colour: string, attention: boolean): string {
  const dot = attention ? `<circle cx="45" cy="17" r="8" fill="${colour}"/>` : '';
  // The dot is cut out of the mark, so that it stands apart in one colour too.
  const cut = attention ? '<mask id="cut"><rect width="64" height="64" fill="#fff"/><circle cx="45" cy="17" r="13" fill="#000"/></mask>' : '';
  const drawn = attention ? `<g mask="url(#cut)">${mark}</g>` : mark;
  return picture(side, side, '10 8 44 48', `${cut}${drawn.replaceAll('#ffffff', colour)}${dot}`);
}

/** The app's icon as it stands in the tray of Windows; with an orange dot where something wants to be looked at. */
export function trayIcon(parts: SourceParts, side: number, attention: boolean): string {
  const dot = attention ? '<circle cx="50" cy="14" r="13" fill="#f28c1a" stroke="#ffffff" stroke-width="4"/>' : '';
  return picture(side, side, '2 0 62 62', `${parts.definitions}${parts.ground}${parts.mark}${dot}`);
}

/** The strip at the left of the installer's first and last page. */
export function installerSidebar({ definitions, mark }: SourceParts): string {
  return picture(164, 314, '0 0 164 314', `${definitions}<rect width="164" height="314" fill="url(#sky)"/><g transform="translate(34 86) scale(1.5)">${mark}</g>`);
}

/** The picture at the top right of the installer's other pages. */
export function installerHeader({ definitions, ground, mark }: SourceParts): string {
  return picture(150, 57, '0 0 150 57', `${definitions}<rect width="150" height="57" fill="#ffffff"/><g transform="translate(93 0) scale(.89)">${ground}${mark}</g>`);
}

/** The window of a disk image: the app at the left, an arrow to the folder of applications at the right. */
export function diskImageBackground({ definitions }: SourceParts, scale: 1 | 2): string {
  return picture(540 * scale, 380 * scale, '0 0 540 380', `${definitions}<rect width="540" height="380" fill="#eef2fa"/><rect width="540" height="6" fill="url(#sky)"/><path d="M236 190h60m-16-16 16 16-16 16" fill="none" stroke="#163a86" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/>`);
}
