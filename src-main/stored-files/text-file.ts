import { writeWhole } from './whole-file.ts';

/** Writes a text to a path that the user chose: the file appears whole or not at all, and for this account alone. Throws `client.file-not-written`. */
export async function saveTextFile(path: string, text: string): Promise<void> {
  await writeWhole(path, (file) => file.append(text));
}
