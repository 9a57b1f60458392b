import type { CdpSession, Protocol } from './cdp.ts';
import { debug } from './covered.ts';
import { customSchemeHandler, rewriteMetaPolicies, rewritePolicy, toChromiumUrl, toElectronUrl } from './custom-scheme.ts';
import { pageServerPort } from './page-server.ts';
import { defaultSession } from './session.ts';

type Paused = Protocol.Fetch.requestPausedPayload;
type Headers = Record<string, string[]>;

/** How long the application's webRequest listeners may take. */
const LISTENER_LIMIT_MS = 10_000;

/**
 * Makes a document unable to open windows: Chromium refuses window.open and target=_blank by itself, and still reports the try,
 * of which the application's window-open handler is told. Everything else that a document may do stays allowed.
 */
const NO_POPUPS =
  'sandbox allow-downloads allow-forms allow-modals allow-orientation-lock allow-pointer-lock allow-presentation allow-same-origin allow-scripts allow-storage-access-by-user-activation allow-top-navigation allow-top-navigation-by-user-activation';

/** What the interception needs of its web contents. */
export interface NavigationOwner {
  readonly id: number;
  /** True if the request is for the main frame's document. */
  isMainFrame(frameId: string): boolean;
  /** Asks the application; false: the navigation is refused. */
  allowsNavigation(electronUrl: string, isMainFrame: boolean, isRedirect: boolean): boolean;
  /** A document of the main frame is about to be loaded. */
  prepareDocument(chromiumUrl: string): Promise<void>;
}

const RESOURCE_TYPES: Readonly<Record<string, Electron.OnBeforeRequestListenerDetails['resourceType']>> = {
  Stylesheet: 'stylesheet',
  Script: 'script',
  Image: 'image',
  Font: 'font',
  Media: 'media',
  XHR: 'xhr',
  Fetch: 'xhr',
  Ping: 'ping',
  WebSocket: 'webSocket',
};

function resourceType(paused: Paused, isMainFrame: boolean): Electron.OnBeforeRequestListenerDetails['resourceType'] {
  if (paused.resourceType === 'Document') return isMainFrame ? 'mainFrame' : 'subFrame';
  return RESOURCE_TYPES[paused.resourceType] ?? 'other';
}

/** Waits for a listener that answers by callback; throws after the limit. */
function answerOf<T>(what: string, ask: (callback: (answer: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error(`${what} did not answer`)), LISTENER_LIMIT_MS);
    ask((answer) => {
      clearTimeout(limit);
      resolve(answer);
    });
  });
}

function requestBody(request: Paused['request']): Buffer | undefined {
  if (!request.hasPostData) return undefined;
  return Buffer.concat((request.postDataEntries ?? []).map((entry) => Buffer.from(entry.bytes ?? '', 'base64')));
}

function toHeaders(headers: globalThis.Headers): Headers {
  const list: Headers = {};
  for (const [name, value] of headers) (list[name] ??= []).push(value);
  return list;
}

/** Headers as Chromium gets them: policies name Chromium's addresses, documents may open no windows. */
function forChromium(headers: Headers, isDocument: boolean): Protocol.Fetch.HeaderEntry[] {
  const entries = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => ({ name, value: /^content-security-policy(-report-only)?$/i.test(name) ? rewritePolicy(value, pageServerPort) : String(value) })),
  );
  return isDocument ? [...entries, { name: 'content-security-policy', value: NO_POPUPS }] : entries;
}

/** Answers the requests of one window's pages: custom schemes, navigation vetoes, webRequest listeners. */
export class RequestInterception {
  readonly #session: CdpSession;
  readonly #owner: NavigationOwner;

  constructor(session: CdpSession, owner: NavigationOwner) {
    this.#session = session;
    this.#owner = owner;
    session.on('Fetch.requestPaused', (paused) => {
      this.#handle(paused).catch((error: unknown) => {
        debug('request failed', paused.request.url, error);
        this.#fail(paused, 'Failed');
      });
    });
  }

  /** Sets what is intercepted: documents and custom schemes, and everything where a listener wants it. */
  async enable(): Promise<void> {
    const stages: Protocol.Fetch.RequestPattern[] = [
      { urlPattern: '*', resourceType: 'Document' },
      { urlPattern: 'https://*.invalid/*' },
      { urlPattern: '*', resourceType: 'Document', requestStage: 'Response' },
    ];
    if (defaultSession._beforeRequest) stages.push({ urlPattern: '*' });
    await this.#session.send('Fetch.enable', { patterns: stages });
  }

  async #handle(paused: Paused): Promise<void> {
    const isMainFrame = paused.resourceType === 'Document' && this.#owner.isMainFrame(paused.frameId);
    if (paused.responseStatusCode !== undefined || paused.responseErrorReason !== undefined) {
      await this.#passResponse(paused, isMainFrame);
      return;
    }
    const url = toElectronUrl(paused.request.url);
    if (paused.resourceType === 'Document' && !this.#owner.allowsNavigation(url, isMainFrame, paused.redirectedRequestId !== undefined)) {
      this.#fail(paused, 'Aborted');
      return;
    }
    const answer = await this.#askBeforeRequest(paused, url, isMainFrame);
    if (answer.cancel) {
      this.#fail(paused, 'BlockedByClient');
      return;
    }
    if (answer.redirectURL !== undefined) {
      const location = { name: 'location', value: toChromiumUrl(answer.redirectURL) };
      await this.#session.send('Fetch.fulfillRequest', { requestId: paused.requestId, responseCode: 307, responseHeaders: [location] });
      return;
    }
    if (isMainFrame) await this.#owner.prepareDocument(paused.request.url);
    const handler = customSchemeHandler(url);
    if (handler) await this.#fulfil(paused, url, handler, isMainFrame);
    else await this.#session.send('Fetch.continueRequest', { requestId: paused.requestId });
  }

  #details(paused: Paused, url: string, isMainFrame: boolean) {
    return { id: Number(paused.requestId.replaceAll(/\D/g, '').slice(0, 15)), url, method: paused.request.method, webContentsId: this.#owner.id, resourceType: resourceType(paused, isMainFrame), referrer: paused.request.headers['Referer'] ?? '', timestamp: Date.now() };
  }

  #askBeforeRequest(paused: Paused, url: string, isMainFrame: boolean): Promise<Electron.CallbackResponse> {
    const before = defaultSession._beforeRequest;
    if (!before?.matches(url)) return Promise.resolve({});
    return answerOf('onBeforeRequest', (callback) => before.listener({ ...this.#details(paused, url, isMainFrame), uploadData: [] }, callback));
  }

  async #askHeadersReceived(paused: Paused, url: string, isMainFrame: boolean, statusCode: number, headers: Headers): Promise<{ headers: Headers; cancel: boolean }> {
    const received = defaultSession._headersReceived;
    if (!received?.matches(url)) return { headers, cancel: false };
    const statusLine = `HTTP/1.1 ${statusCode}`;
    const answer = await answerOf<Electron.HeadersReceivedResponse>('onHeadersReceived', (callback) =>
      received.listener({ ...this.#details(paused, url, isMainFrame), responseHeaders: headers, statusCode, statusLine }, callback),
    );
    const changed = Object.entries(answer.responseHeaders ?? headers).map(([name, value]) => [name, [value].flat()] as const);
    return { headers: Object.fromEntries(changed), cancel: answer.cancel ?? false };
  }

  async #fulfil(paused: Paused, url: string, handler: (request: Request) => Response | Promise<Response>, isMainFrame: boolean): Promise<void> {
    const body = requestBody(paused.request);
    const request = new Request('http://custom.invalid/', { method: paused.request.method, headers: paused.request.headers, ...(body ? { body: new Uint8Array(body) } : {}) });
    Object.defineProperty(request, 'url', { value: url });
    const response = await handler(request);
    if (response.type === 'error') {
      this.#fail(paused, 'Failed');
      return;
    }
    const { headers, cancel } = await this.#askHeadersReceived(paused, url, isMainFrame, response.status, toHeaders(response.headers));
    if (cancel) {
      this.#fail(paused, 'BlockedByClient');
      return;
    }
    const isDocument = paused.resourceType === 'Document';
    let content = Buffer.from(await response.arrayBuffer());
    if (isDocument && /html/.test(headers['content-type']?.[0] ?? '')) content = Buffer.from(rewriteMetaPolicies(content.toString(), pageServerPort));
    await this.#session.send('Fetch.fulfillRequest', { requestId: paused.requestId, responseCode: response.status, responseHeaders: forChromium(headers, isDocument), body: content.toString('base64') });
  }

  async #passResponse(paused: Paused, isMainFrame: boolean): Promise<void> {
    const { requestId, responseStatusCode: status } = paused;
    const redirects = status !== undefined && status >= 300 && status < 400;
    if (status === undefined || redirects) {
      await this.#session.send('Fetch.continueRequest', { requestId });
      return;
    }
    const given: Headers = {};
    for (const { name, value } of paused.responseHeaders ?? []) (given[name] ??= []).push(value);
    const { headers, cancel } = await this.#askHeadersReceived(paused, toElectronUrl(paused.request.url), isMainFrame, status, given);
    if (cancel) {
      this.#fail(paused, 'BlockedByClient');
      return;
    }
    const isHtml = Object.entries(headers).some(([name, values]) => name.toLowerCase() === 'content-type' && /html/.test(String(values)));
    if (!isHtml) {
      await this.#session.send('Fetch.continueResponse', { requestId });
      return;
    }
    // A changed policy counts only in a response that is given anew; a continued one keeps the policy that it came with.
    const { body, base64Encoded } = await this.#session.send('Fetch.getResponseBody', { requestId });
    const html = rewriteMetaPolicies(Buffer.from(body, base64Encoded ? 'base64' : 'utf8').toString(), pageServerPort);
    const responseHeaders = forChromium(headers, true).filter(({ name }) => !/^(content-length|content-encoding|transfer-encoding)$/i.test(name));
    await this.#session.send('Fetch.fulfillRequest', { requestId, responseCode: status, responseHeaders, body: Buffer.from(html).toString('base64') });
  }

  #fail(paused: Paused, errorReason: Protocol.Network.ErrorReason): void {
    this.#session.tell('Fetch.failRequest', { requestId: paused.requestId, errorReason });
  }
}
