import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { addressGroup } from '../../../shared/refused-peers/address-group.ts';
import { ConnectionAdmission } from '../../../src-gateway/proxy-port/connection-admission.ts';

/** As much of a socket as the admission looks at. */
function socketFrom(remoteAddress: string): Socket {
  const socket = Object.assign(new EventEmitter(), { remoteAddress, destroyed: false, destroy: () => ((socket.destroyed = true), socket.emit('close')) });
  return socket as unknown as Socket;
}

describe('B5: connections that have not proved who they are', () => {
  test('one address has so many places, and gets one back when a connection closes or proves itself', () => {
    const admission = new ConnectionAdmission({ perAddress: 2, inAll: 100 });
    const [first, second] = [socketFrom('10.0.0.1'), socketFrom('::ffff:10.0.0.1')];
    const place = admission.admit(first);
    admission.admit(second);
    expect(admission.admit(socketFrom('10.0.0.1'))).toBeNull();
    expect(admission.admit(socketFrom('10.0.0.2'))).not.toBeNull();
    second.destroy();
    expect(admission.admit(socketFrom('10.0.0.1'))).not.toBeNull();
    place?.authenticated();
    place?.authenticated();
    expect(admission.admit(socketFrom('10.0.0.1'))).not.toBeNull();
    expect(admission.admit(socketFrom('10.0.0.1'))).toBeNull();
    first.destroy();
    expect(admission.open).toBe(3);
  });

  test('of too many in all the oldest goes, never one that proved itself', () => {
    const admission = new ConnectionAdmission({ perAddress: 10, inAll: 3 });
    const sockets = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'].map(socketFrom);
    sockets.slice(0, 1).map((socket) => admission.admit(socket)?.authenticated());
    for (const socket of sockets.slice(1)) admission.admit(socket);
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, true, false, false, false]);
    expect(admission.refused).toBe(1);
  });

  test('an IPv6 customer counts as one, whatever address of his network he uses', () => {
    expect(addressGroup('2001:db8:1:2::1')).toBe(addressGroup('2001:db8:1:2:ffff::9'));
    expect(addressGroup('2001:db8:1:3::1')).not.toBe(addressGroup('2001:db8:1:2::1'));
    expect(addressGroup('2001:db8::1')).toBe('2001:db8:0:0');
  });
});
