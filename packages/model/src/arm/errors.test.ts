/** Error envelopes: texts that clients parse, and how findings become one answer. */
import { describe, expect, it } from 'vitest';
import { armErrors, errorBody, errorOfIssues } from './errors.ts';

describe('ARM errors', () => {
  it('names a missing resource by type and group, as az prints it', () => {
    const id = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualHubs/x';
    expect(errorBody(armErrors.resourceNotFound(id))).toEqual({
      error: {
        code: 'ResourceNotFound',
        message:
          "The Resource 'Microsoft.Network/virtualHubs/x' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
      },
    });
  });

  it('puts what could not be parsed into details', () => {
    expect(errorBody(armErrors.invalidRequestFormat(['a', 'b']))).toEqual({
      error: {
        code: 'InvalidRequestFormat',
        message: 'Cannot parse the request.',
        details: [
          { code: 'InvalidJson', message: 'a' },
          { code: 'InvalidJson', message: 'b' },
        ],
      },
    });
  });

  it('answers with the first finding and keeps the others as details', () => {
    const answer = errorOfIssues([
      { severity: 'warning', code: 'W', message: 'only a warning' },
      { severity: 'error', code: 'A', message: 'first', target: 'properties.a', status: 409 },
      { severity: 'error', code: 'B', message: 'second' },
    ]);
    expect(answer).toEqual({
      status: 409,
      code: 'A',
      message: 'first',
      target: 'properties.a',
      details: [{ code: 'B', message: 'second' }],
      isFromFrontDoor: false,
    });
  });

  it('warnings alone refuse nothing', () => {
    expect(errorOfIssues([{ severity: 'warning', code: 'W', message: 'w' }])).toBeUndefined();
  });
});
