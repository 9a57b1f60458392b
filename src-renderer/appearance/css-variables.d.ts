import 'react';

declare module 'react' {
  interface CSSProperties {
    /** Cards side by side in a line of the resource browser. */
    '--columns'?: number;
    /** The columns of a log, in a wide window and in a narrow one. */
    '--columns-wide'?: string;
    '--columns-narrow'?: string;
  }
}
