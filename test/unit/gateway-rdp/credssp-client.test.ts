import { createHash, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { derTag, readDerFields, readDerOnly } from '../../../shared/der/der.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { CredSspClient, CredSspRefused } from '../../../src-gateway/rdp/sign-on/credssp-client.ts';
import { encodeAttributes, hmacMd5, ntlmV2Key, utf16 } from '../../../src-gateway/rdp/sign-on/ntlm-messages.ts';
import { Rc4 } from '../../../src-gateway/rdp/sign-on/rc4.ts';
import { decodeTsRequest, encodeTsRequest } from '../../../src-gateway/rdp/sign-on/ts-request.ts';

const account = { domain: 'LAB', userName: 'Ann', password: 'pässword✓' };
/** Ends in bytes that carry when one is added. */
const publicKey = Buffer.from('ffff00112233445566', 'hex');

/** A server of CredSSP as MS-CSSP 3.1.5 has it, in its own words, to check the client against. */
class ScriptedServer {
  readonly #version: number;
  readonly #withTime: boolean;
  readonly #serverChallenge = Buffer.from('0011223344556677', 'hex');
  #negotiate: Buffer = Buffer.alloc(0);
  #challenge: Buffer = Buffer.alloc(0);
  #sessionKey: Buffer = Buffer.alloc(0);
  #fromClient: { cipher: Rc4; sign: Buffer; number: number } | undefined;
  #toClient: { cipher: Rc4; sign: Buffer; number: number } | undefined;
  #nonce: Buffer = Buffer.alloc(0);
  proof: Buffer = Buffer.alloc(0);

  constructor(version: number, withTime = true) {
    this.#version = version;
    this.#withTime = withTime;
  }

  challenge(message: Buffer): Buffer {
    this.#negotiate = decodeTsRequest(message).token ?? Buffer.alloc(0);
    const information = encodeAttributes([{ id: 2, value: utf16('LAB') }, ...(this.#withTime ? [{ id: 7, value: Buffer.from('0102030405060708', 'hex') }] : [])]);
    this.#challenge = Buffer.concat([Buffer.from('NTLMSSP\0', 'latin1'), Buffer.alloc(48), information]);
    this.#challenge.writeUInt32LE(2, 8);
    this.#challenge.writeUInt32LE((this.#negotiate.readUInt32LE(12) | 0x0080_0000) >>> 0, 20);
    this.#serverChallenge.copy(this.#challenge, 24);
    this.#challenge.writeUInt16LE(information.length, 40);
    this.#challenge.writeUInt16LE(information.length, 42);
    this.#challenge.writeUInt32LE(56, 44);
    return encodeTsRequest({ version: this.#version, token: this.#challenge });
  }

  /** Checks the answer and gives the proof of the key; `key` is the one that the server believes to have shown. */
  prove(message: Buffer, key = publicKey): Buffer {
    const { token = Buffer.alloc(0), pubKeyAuth = Buffer.alloc(0), clientNonce = Buffer.alloc(0) } = decodeTsRequest(message);
    this.#nonce = clientNonce;
    const field = (at: number): Buffer => token.subarray(token.readUInt32LE(at + 4), token.readUInt32LE(at + 4) + token.readUInt16LE(at));
    const [response, domain, user, encrypted] = [field(20), field(28), field(36), field(52)];
    this.#same(Buffer.concat([domain, user]), utf16('LABAnn'));
    const ntlmKey = ntlmV2Key(account);
    this.#same(response.subarray(0, 16), hmacMd5(ntlmKey, Buffer.concat([this.#serverChallenge, response.subarray(16)])));
    this.#sessionKey = new Rc4(hmacMd5(ntlmKey, response.subarray(0, 16))).take(encrypted);
    if (this.#withTime) this.#checkCode(token);
    this.#fromClient = this.#direction('client-to-server');
    this.#toClient = this.#direction('server-to-client');
    this.proof = this.#open(pubKeyAuth);
    return encodeTsRequest({ version: this.#version, pubKeyAuth: this.#seal(this.#version < 5 ? addOne(key) : this.#binding('Server-To-Client', key)) });
  }

  credentials(message: Buffer): string[] {
    const bytes = this.#open(decodeTsRequest(message).authInfo ?? Buffer.alloc(0));
    const fields = readDerFields(readDerOnly(bytes, derTag.sequence), 2);
    const inner = readDerFields(readDerOnly(readDerOnly(fields.get(1) ?? bytes, derTag.octetString), derTag.sequence), 3);
    return [0, 1, 2].map((number) => Buffer.from(readDerOnly(inner.get(number) ?? bytes, derTag.octetString)).toString('utf16le'));
  }

  expectedProof(): Buffer {
    return this.#version < 5 ? publicKey : this.#binding('Client-To-Server', publicKey);
  }

  #binding(direction: string, key: Buffer): Buffer {
    if (this.#nonce.length !== 32) throw new Error('no nonce');
    return createHash('sha256').update(Buffer.concat([Buffer.from(`CredSSP ${direction} Binding Hash\0`), this.#nonce, key])).digest();
  }

  #checkCode(token: Buffer): void {
    const blank = Buffer.from(token);
    blank.fill(0, 72, 88);
    const code = createHmac('md5', this.#sessionKey).update(Buffer.concat([this.#negotiate, this.#challenge, blank])).digest();
    this.#same(token.subarray(72, 88), code);
  }

  #direction(name: string): { cipher: Rc4; sign: Buffer; number: number } {
    const key = (what: string): Buffer => createHash('md5').update(Buffer.concat([this.#sessionKey, Buffer.from(`session key to ${name} ${what} key magic constant\0`)])).digest();
    return { cipher: new Rc4(key('sealing')), sign: key('signing'), number: 0 };
  }

  /** What a server would refuse. */
  #same(seen: Buffer, wanted: Buffer): void {
    if (!seen.equals(wanted)) throw new Error(`seen ${seen.toString('hex')}, wanted ${wanted.toString('hex')}`);
  }

  #open(sealed: Buffer): Buffer {
    if (this.#fromClient === undefined) throw new Error('no session');
    const plain = this.#fromClient.cipher.take(sealed.subarray(16));
    this.#same(sealed.subarray(0, 16), this.#signature(this.#fromClient, plain));
    return plain;
  }

  #seal(plain: Buffer): Buffer {
    if (this.#toClient === undefined) throw new Error('no session');
    const sealed = this.#toClient.cipher.take(plain);
    return Buffer.concat([this.#signature(this.#toClient, plain), sealed]);
  }

  #signature(direction: { cipher: Rc4; sign: Buffer; number: number }, plain: Buffer): Buffer {
    const number = Buffer.alloc(4);
    number.writeUInt32LE(direction.number);
    direction.number += 1;
    return Buffer.concat([Buffer.from([1, 0, 0, 0]), direction.cipher.take(hmacMd5(direction.sign, Buffer.concat([number, plain])).subarray(0, 8)), number]);
  }
}

function addOne(key: Buffer): Buffer {
  const more = (BigInt(`0x${Buffer.from(key).reverse().toString('hex')}`) + 1n).toString(16).padStart(key.length * 2, '0');
  return Buffer.from(more, 'hex').reverse();
}

function client(): CredSspClient {
  return new CredSspClient({ account, publicKey, targetName: 'TERMSRV/host', random: (length) => Buffer.alloc(length, 7), nowMs: 1_700_000_000_000 });
}

test.each([2, 3, 4, 5, 6, 7])('S20: signs on to a server of version %i, and hands over the password only behind its proof', (version) => {
  const server = new ScriptedServer(version);
  const signOn = client();
  const challenge = server.challenge(signOn.begin().send);
  const answer = signOn.take(challenge);
  expect(answer).toMatchObject({ done: false, credential: true });
  const proof = server.prove(answer.send);
  expect(server.proof).toEqual(server.expectedProof());
  const last = signOn.take(proof);
  expect(last).toMatchObject({ done: true, credential: true });
  expect(server.credentials(last.send)).toEqual([account.domain, account.userName, account.password]);
});

test('a server without a clock gets the older answer, without the integrity code', () => {
  const server = new ScriptedServer(6, false);
  const signOn = client();
  const proof = server.prove(signOn.take(server.challenge(signOn.begin().send)).send);
  expect(signOn.take(proof).done).toBe(true);
});

test.each([2, 6])('a server of version %i that proves another key than TLS has shown never gets the password', (version) => {
  const server = new ScriptedServer(version);
  const signOn = client();
  const proof = server.prove(signOn.take(server.challenge(signOn.begin().send)).send, Buffer.from('another key'));
  expect(() => signOn.take(proof)).toThrow(RdpFormatError);
});

test('a server that sends the proof of the client back never gets the password', () => {
  const server = new ScriptedServer(6);
  const signOn = client();
  const { send } = signOn.take(server.challenge(signOn.begin().send));
  expect(() => signOn.take(encodeTsRequest({ version: 6, pubKeyAuth: decodeTsRequest(send).pubKeyAuth ?? Buffer.alloc(0) }))).toThrow(RdpFormatError);
});

test("a refusal comes with the server's own reason", () => {
  const signOn = client();
  signOn.take(new ScriptedServer(6).challenge(signOn.begin().send));
  // STATUS_LOGON_FAILURE as Windows writes it, a negative number of four bytes.
  const refusal = Buffer.from('300da003020106a4060204c000006d', 'hex');
  expect(() => signOn.take(refusal)).toThrow(expect.objectContaining({ constructor: CredSspRefused, status: 0xc000_006d }));
});

test.each([
  ['version 1', encodeTsRequest({ version: 1, token: Buffer.alloc(60) })],
  ['no challenge', encodeTsRequest({ version: 6 })],
  ['an empty challenge', encodeTsRequest({ version: 6, token: Buffer.alloc(0) })],
  ['no DER', Buffer.from('not a message')],
  ['a length beyond the end', Buffer.from('3082ffff', 'hex')],
])('%s in place of the challenge is refused', (_what, message) => {
  const signOn = client();
  signOn.begin();
  expect(() => signOn.take(message)).toThrow(RdpFormatError);
});
