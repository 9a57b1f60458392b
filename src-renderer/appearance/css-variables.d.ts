import 'react';

declare module 'react' {
  interface CSSProperties {
    /** Cards side by side in a line of the resource browser. */
    '--columns'?: number;
  }
}
