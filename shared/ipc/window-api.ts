import type { z } from 'zod';
import type { IpcAnswer, IpcContract } from './contract.ts';
import type { StorePatch } from './stores.ts';

type CallsOf<Subject> = {
  readonly [Name in keyof Subject]: Subject[Name] extends { args: infer A extends z.ZodType; result: infer R extends z.ZodType } ? (args: z.input<A>) => Promise<IpcAnswer<z.output<R>>> : never;
};

/** `window.mavis`: exactly the contract, and the two things that main tells pages by itself. */
export type WindowApi = { readonly [Subject in keyof IpcContract]: CallsOf<IpcContract[Subject]> } & {
  readonly events: {
    /** Calls back for each patch; gives the function that ends it. */
    readonly onStorePatch: (listener: (patch: StorePatch) => void) => () => void;
    /** Calls back for an action that main asks of the page (a menu item); gives the function that ends it. */
    readonly onAction: (listener: (actionId: string) => void) => () => void;
  };
};
