/** One event of a stream of server-sent events (HTML Living Standard, 9.2): the fields that we use. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** A line or an event beyond this is not our service's. */
const MAX_EVENT_LENGTH = 4 * 1024 * 1024;

/** Cuts the text of a stream into events; comment lines count as a sign of life and nothing else. Throws RangeError for what is too long. */
export class ServerSentEventParser {
  #line = '';
  #event = '';
  #data: string[] = [];
  #length = 0;
  #afterReturn = false;

  /** The events that `text` completes. */
  push(text: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    for (const part of text.split(/(\r\n|\r|\n)/)) {
      if (part === '') continue;
      if (part !== '\n' && part !== '\r' && part !== '\r\n') {
        this.#afterReturn = false;
        this.#line += part;
        if (this.#line.length + this.#length > MAX_EVENT_LENGTH) throw new RangeError('event too long');
        continue;
      }
      // A line end that came in two pieces is one.
      if (part === '\n' && this.#afterReturn) {
        this.#afterReturn = false;
        continue;
      }
      this.#afterReturn = part === '\r';
      const event = this.#endLine();
      if (event) events.push(event);
    }
    return events;
  }

  #endLine(): ServerSentEvent | undefined {
    const line = this.#line;
    this.#line = '';
    if (line === '') return this.#dispatch();
    if (line.startsWith(':')) return undefined;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#event = value;
    else if (field === 'data') {
      this.#data.push(value);
      // A line without text counts as well: they are kept all the same.
      this.#length += value.length + 1;
      if (this.#length > MAX_EVENT_LENGTH) throw new RangeError('event too long');
    }
    return undefined;
  }

  #dispatch(): ServerSentEvent | undefined {
    const data = this.#data;
    const event = this.#event === '' ? 'message' : this.#event;
    this.#data = [];
    this.#event = '';
    this.#length = 0;
    return data.length === 0 ? undefined : { event, data: data.join('\n') };
  }
}
