import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { type ConferenceBlock, conferenceBlocks } from '../wire/conference.ts';
import { mcsOf } from '../wire/mcs.ts';

/** Blocks of a client and of a target (MS-RDPBCGR 2.2.1.3.1, 2.2.1.4.1). */
const clientBlock = { core: 0xc001, security: 0xc002, network: 0xc003, cluster: 0xc004, multitransport: 0xc00a } as const;
const serverBlock = { core: 0x0c01, security: 0x0c02, network: 0x0c03, messageChannel: 0x0c04, multitransport: 0x0c08 } as const;
const SELECTED_PROTOCOL_AT = 212;
const EARLY_FLAGS_AT = 144;
const CLIENT_WIDTH_AT = 8;
/** The graphics pipeline, which no player here decodes (rule 23). */
const EARLY_GRAPHICS_PIPELINE = 0x0100;
/** Bits of a point that a client asks for at most, and what else it would take (MS-RDPBCGR 2.2.1.3.2): 16 is what every target gives. */
const COLOUR_DEPTH_AT = 140;
const OTHER_DEPTHS_AT = 142;
const DEPTH = { asked: 16, flag: 0x0002 } as const;
const REQUESTED_PROTOCOLS_AT = 8;
const CHANNEL_BYTES = 12;
/** MS-RDPBCGR 2.2.1.3.4: 31 static channels. */
const MOST_CHANNELS = 31;

/** A static channel that a client asked for, in the order of its asking. */
export interface AskedChannel {
  readonly name: string;
  readonly allowed: boolean;
}

/** What a client said in its Connect Initial. */
export interface ClientConference {
  readonly channels: readonly AskedChannel[];
  readonly width: number;
  readonly height: number;
}

/**
 * Changes a client's Connect Initial in place, so that it agrees with what the gateway agreed with the target: the protocol that
 * the target chose (it compares), no second transport, no graphics pipeline, no redirection, no colours of a palette, and for each
 * static channel that is not allowed a name that no target knows. Throws RdpFormatError.
 */
export function filterConnectInitial(pdu: Buffer, target: { readonly protocol: number }, allowedChannels: ReadonlySet<string>): ClientConference {
  const blocks = conferenceBlocks('request', mcsOf(pdu));
  const core = blockOf(blocks, clientBlock.core);
  if (core === undefined || core.length < SELECTED_PROTOCOL_AT + 4) throw new RdpFormatError('conference: client too old');
  core.writeUInt32LE(target.protocol, SELECTED_PROTOCOL_AT);
  core.writeUInt16LE(core.readUInt16LE(EARLY_FLAGS_AT) & ~EARLY_GRAPHICS_PIPELINE, EARLY_FLAGS_AT);
  refusePalette(core);
  for (const type of [clientBlock.cluster, clientBlock.multitransport]) blockOf(blocks, type)?.fill(0, 4, 8);
  const network = blockOf(blocks, clientBlock.network);
  return { channels: network === undefined ? [] : filterChannels(network, allowedChannels), width: core.readUInt16LE(CLIENT_WIDTH_AT), height: core.readUInt16LE(CLIENT_WIDTH_AT + 2) };
}

/** Colours of a palette that a target tells once: who comes later to watch would see others. A client that wants them takes 16 bits, since each picture says how it is made. */
function refusePalette(core: Buffer): void {
  if (core.readUInt16LE(COLOUR_DEPTH_AT) >= DEPTH.asked - 1) return;
  core.writeUInt16LE(DEPTH.asked, COLOUR_DEPTH_AT);
  core.writeUInt16LE(core.readUInt16LE(OTHER_DEPTHS_AT) | DEPTH.flag, OTHER_DEPTHS_AT);
}

function filterChannels(network: Buffer, allowed: ReadonlySet<string>): AskedChannel[] {
  if (network.length < 8) throw new RdpFormatError('conference: channels cut off');
  const count = network.readUInt32LE(4);
  if (count > MOST_CHANNELS || network.length < 8 + count * CHANNEL_BYTES) throw new RdpFormatError('conference: channels out of bounds');
  const seen = new Set<string>();
  return Array.from({ length: count }, (_, place) => {
    const at = 8 + place * CHANNEL_BYTES;
    const name = network.toString('latin1', at, at + 8).replace(/\0.*$/s, '').toLowerCase();
    // Twice the same name would be two channels of which one is not watched.
    const taken = allowed.has(name) && !seen.has(name);
    seen.add(name);
    if (!taken) network.write(`denied${place}`.padEnd(8, '\0'), at, 8, 'latin1');
    return { name, allowed: taken };
  });
}

/** The channels of a connection by their numbers, as the target gave them. */
export interface ChannelNumbers {
  readonly io: number;
  readonly message: number | undefined;
  /** In the order of the client's asking. */
  readonly statics: readonly number[];
}

/** Changes a target's Connect Response in place: the protocols that the client asked for (it compares), and no second transport. Throws RdpFormatError, also for a target that wants RDP's own encryption inside TLS. */
export function filterConnectResponse(pdu: Buffer, requestedProtocols: number): ChannelNumbers {
  const blocks = conferenceBlocks('response', mcsOf(pdu));
  const core = blockOf(blocks, serverBlock.core);
  if (core !== undefined && core.length >= REQUESTED_PROTOCOLS_AT + 4) core.writeUInt32LE(requestedProtocols >>> 0, REQUESTED_PROTOCOLS_AT);
  const security = blockOf(blocks, serverBlock.security);
  if (security !== undefined && (security.length < 12 || security.readUInt32LE(4) !== 0)) throw new RdpFormatError('conference: encryption inside tls');
  blockOf(blocks, serverBlock.multitransport)?.fill(0, 4, 8);
  const network = blockOf(blocks, serverBlock.network);
  if (network === undefined || network.length < 8) throw new RdpFormatError('conference: no channels');
  const count = network.readUInt16LE(6);
  if (count > MOST_CHANNELS || network.length < 8 + count * 2) throw new RdpFormatError('conference: channels out of bounds');
  const message = blockOf(blocks, serverBlock.messageChannel);
  const numbers = {
    io: network.readUInt16LE(4),
    message: message !== undefined && message.length >= 6 ? message.readUInt16LE(4) : undefined,
    statics: Array.from({ length: count }, (_, place) => network.readUInt16LE(8 + place * 2)),
  };
  const all = [numbers.io, ...(numbers.message === undefined ? [] : [numbers.message]), ...numbers.statics];
  if (new Set(all).size !== all.length) throw new RdpFormatError('conference: channel number twice');
  return numbers;
}

function blockOf(blocks: readonly ConferenceBlock[], type: number): Buffer | undefined {
  const found = blocks.find((block) => block.type === type)?.bytes;
  if (found !== undefined && (type === clientBlock.cluster || type === clientBlock.multitransport || type === serverBlock.multitransport) && found.length < 8) throw new RdpFormatError('conference: block cut off');
  return found;
}
