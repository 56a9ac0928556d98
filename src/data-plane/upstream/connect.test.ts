import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureOf } from '../../protocol/failures.ts';
import { connectFailure } from './connect.ts';

const failing = (code: string): Error => Object.assign(new Error(code), { code });

describe('the failure of a connection', () => {
  it('blames the backend that refuses or cannot be reached', () => {
    for (const errno of ['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ETIMEDOUT', 'EWHATEVER']) {
      const failure = failureOf(connectFailure(failing(errno)));
      assert.equal(failure.side, 'backend', errno);
      assert.equal(failure.blamesBackend, true, errno);
    }
    assert.equal(connectFailure(null), 'UPSTREAM_CONNECT_FAILED');
  });

  it('blames nobody where this machine falls short, and is told as unavailable', () => {
    const codes = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'].map((errno) => {
      const failure = failureOf(connectFailure(failing(errno)));
      assert.deepEqual([failure.side, failure.status, failure.retry], ['balancer', 503, 'safe'], errno);
      assert.equal(failure.blamesBackend, false, errno);
      return failure.code;
    });
    assert.deepEqual([...new Set(codes)], ['DESCRIPTORS_EXHAUSTED', 'PORTS_EXHAUSTED', 'SOCKET_MEMORY_EXHAUSTED']);
  });
});
