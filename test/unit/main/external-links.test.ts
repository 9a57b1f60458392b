import { describe, expect, test } from 'vitest';
import { ExternalLinks, type LinkAnswer, type LinkQuestion, openableLink } from '../../../src-main/links/external-links.ts';
import { createLog } from '../../../src-main/logging/log.ts';

function made(answer: LinkAnswer): { links: ExternalLinks; opened: string[]; asked: LinkQuestion[]; copied: string[] } {
  const opened: string[] = [];
  const asked: LinkQuestion[] = [];
  const copied: string[] = [];
  const links = new ExternalLinks({
    openExternal: async (url) => void opened.push(url),
    ask: async (question) => {
      asked.push(question);
      return answer;
    },
    copy: async (text) => void copied.push(text),
    log: createLog([], () => 0, 1),
  });
  return { links, opened, asked, copied };
}

describe('links out of the app (E15)', () => {
  test.each([
    'file:///etc/passwd', 'smb://server/share', 'ms-msdt:/id', 'javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'http://example.com/', 'app://bundle/x', 'vbscript:x', 'ftp://x/',
    '\\\\server\\share', 'C:\\Windows\\System32\\calc.exe', '/etc/passwd', '', 'https://', 'https://user@example.com/', 'https://google.com:pass@attacker.example/', `https://example.com/${'x'.repeat(2000)}`, 'https://exa mple.com/',
  ])('A9: %s is refused without a question', async (text) => {
    const { links, opened, asked } = made('open');
    await expect(links.open(text)).rejects.toMatchObject({ code: 'client.link-refused' });
    expect([opened, asked]).toEqual([[], []]);
  });

  test('A9: the question shows the true target: a lookalike host in its ASCII form', async () => {
    const { links, asked } = made('cancel');
    expect(await links.open('https://аpple.com/login')).toBe(false);
    expect(asked[0]?.host).toBe('xn--pple-43d.com');
    expect(asked[0]?.target).toContain('xn--pple-43d.com');
  });

  test('opened only after agreeing', async () => {
    const declined = made('cancel');
    expect(await declined.links.open('https://example.com/a')).toBe(false);
    expect(declined.opened).toEqual([]);
    const agreed = made('open');
    expect(await agreed.links.open('https://example.com/a b')).toBe(true);
    expect(agreed.opened).toEqual(['https://example.com/a%20b']);
  });

  test('A9: the one question holds both the true target and the text that stood there, without what hides or turns letters', async () => {
    const { links, asked, copied, opened } = made('copy');
    await links.open('https://evil.example/path', 'https://bank\u200B.example\u202E/gnp.exe\n\u001B[2J');
    await links.open('https://evil.example/', 'https://EVIL.example');
    await links.open('https://evil.example/', `click ${'x'.repeat(5000)}`);
    expect(asked[0]).toEqual({ target: 'https://evil.example/path', host: 'evil.example', shown: 'https://bank.example/gnp.exe[2J' });
    expect(asked[1]?.shown).toBeNull();
    expect(asked[2]?.shown).toHaveLength(200);
    // Copying is an answer to the same question, and opens nothing.
    expect([copied.length, opened]).toEqual([3, []]);
  });

  test('a flood of links is one question', async () => {
    const { links, asked } = made('open');
    await Promise.all(Array.from({ length: 50 }, () => links.open('https://example.com/')));
    expect(asked).toHaveLength(1);
  });

  test('line ends and tabs do not hide a scheme', () => {
    expect(() => openableLink('java\nscript:alert(1)')).toThrow('client.link-refused');
    expect(() => openableLink('\thttps://example.com/')).not.toThrow();
  });
});
