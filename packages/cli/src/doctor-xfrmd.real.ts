/** On Linux: `sallyport doctor` starts an xfrmd, hears how this kernel confines it, and leaves nothing of it behind. */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { systemCommands } from '@sallyport/runtime';
import { tryXfrmd } from './doctor-xfrmd.ts';

test('xfrmd says how it is confined, and is gone', async () => {
  const own = (): readonly string[] => readdirSync(tmpdir()).filter((entry) => entry.startsWith('sallyport-doctor-'));
  const before = own();
  const [finding, ...others] = await tryXfrmd();
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ name: 'xfrmd confinement', detail: expect.stringMatching(/^least capabilities, /) as string });
  expect(finding?.state).toMatch(/^(ok|note)$/);
  expect(own()).toEqual(before);
  const { stdout } = await systemCommands.run(['ps', '-eo', 'args']);
  expect(stdout).not.toContain('sallyport-doctor-');
});
