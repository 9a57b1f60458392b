export type Side = 'local' | 'remote';

/** A folder of this computer, below the granted one. */
export interface LocalPlaceShown {
  readonly side: 'local';
  readonly place: readonly string[];
}

/** A folder of the target. */
export interface RemotePlaceShown {
  readonly side: 'remote';
  readonly folder: string;
}

/** The folder in which names stand that something is done with: kept with them, whatever is shown meanwhile. */
export type PlaceShown = LocalPlaceShown | RemotePlaceShown;

/** The one text by which a folder of this computer is known; no name holds the slash. */
export function localId(place: readonly string[]): string {
  return place.join('/');
}

/** The folder of this computer that is known by a text. */
export function localPlaceOf(id: string): readonly string[] {
  return id === '' ? [] : id.split('/');
}

/** The text by which a folder of its side is known. */
export function placeId(at: PlaceShown): string {
  return at.side === 'remote' ? at.folder : localId(at.place);
}
