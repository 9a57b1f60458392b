import type { z } from 'zod';
import type { IpcAnswer, IpcContract } from './contract.ts';
import type { StorePatch } from './stores.ts';

type CallsOf<Subject> = {
  readonly [Name in keyof Subject]: Subject[Name] extends { args: infer A extends z.ZodType; result: infer R extends z.ZodType } ? (args: z.input<A>) => Promise<IpcAnswer<z.output<R>>> : never;
};

/** What a page hands in as the files that it was given, of which only the preload learns where they lie. */
type Handed<Call> = Call extends (args: infer A) => infer R ? (args: Omit<A, 'paths'> & { readonly files: readonly HandedFile[] }) => R : never;
/** A `File` of the page's, which is nothing here. */
interface HandedFile {
  readonly name: string;
}

/** `window.mavis`: exactly the contract, with files in place of paths, and the two things that main tells pages by itself. */
export type WindowApi = { readonly [Subject in Exclude<keyof IpcContract, 'files'>]: CallsOf<IpcContract[Subject]> } & {
  readonly files: Omit<CallsOf<IpcContract['files']>, 'uploadDropped'> & { readonly uploadDropped: Handed<CallsOf<IpcContract['files']>['uploadDropped']> };
  readonly events: {
    /** Calls back for each patch; gives the function that ends it. */
    readonly onStorePatch: (listener: (patch: StorePatch) => void) => () => void;
    /** Calls back for an action that main asks of the page (a menu item); gives the function that ends it. */
    readonly onAction: (listener: (actionId: string) => void) => () => void;
  };
};
