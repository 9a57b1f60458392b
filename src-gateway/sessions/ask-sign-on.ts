import type { SignOnRequest } from './protocol-handler.ts';

/** Asks the user for name and password, or for the password alone where the name is given. Rejects where the user cancels. */
export async function askSignOn(ask: SignOnRequest['ask'], userName: string | undefined): Promise<{ readonly userName: string; readonly password: string }> {
  const password = { prompt: 'Password', echo: false };
  const prompts = userName === undefined ? [{ prompt: 'User name', echo: true }, password] : [password];
  const answers = await ask({ kind: 'user-name-and-password', name: userName ?? '', instruction: '', prompts });
  return { userName: userName ?? answers[0] ?? '', password: answers[prompts.length - 1] ?? '' };
}
