// A watch party without a browser: what a member tells, and how late it takes itself to be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../web/js/pace.js';
import { Party } from '../../web/js/party.js';

test('A member tells once a second how close to live it could play', () => {
  const told = [];
  const party = new Party((message) => told.push(message));

  party.tell(7, 900, 0.25, 1000);
  party.tell(7, 900, 0.25, 1999);
  party.tell(7, 880, -0.1, 2000);

  assert.deepEqual(told.map(({ behind_ms: ms }) => ms), [650, 980]);
});

test('It is late by what it is behind the target of its publication', () => {
  const party = new Party(() => {});
  assert.equal(party.lateS(7, 500), null, 'nobody has told');
  party.hear({ epoch: 7, target_ms: 400, members: 2 });
  assert.equal(party.lateS(7, 500), 0.1);
  assert.equal(party.lateS(7, 300), -0.1);
  assert.equal(party.lateS(8, 300), null, 'another publication');
});

test('Two members that begin 400 ms apart come within 40 ms of each other and stay', () => {
  const members = [-0.1, 0.3].map((late) => ({ late, pace: new Pace() }));
  for (let ms = 0; ms < 60_000; ms += 250) {
    for (const member of members) member.late -= (member.pace.steer(member.late, ms) - 1) * 0.25;
    const [a, b] = members;
    if (ms > 15_000) assert.ok(Math.abs(a.late - b.late) < 0.04, `${a.late - b.late} s apart after ${ms} ms`);
  }
});
