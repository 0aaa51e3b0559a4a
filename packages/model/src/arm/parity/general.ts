/** Parity rows of what holds for every resource. */
import { differs, ourCode, pages, row, type ParityRow } from './row.ts';

export const generalParity: readonly ParityRow[] = [
  differs(
    'ARM-JSON-001',
    'A body with a missing required member, a member that no specification has, an unknown enum value or a value of the wrong kind is refused with InvalidRequestFormat; names and enum values are compared without case and stored in the spelling of the specification.',
    pages.arm,
    'The detail names the path but no line and position. Members that Azure has elsewhere, or that are not carried out here, are passed over.',
  ),
  row('ARM-LOC-001', 'A tracked resource needs a location.', pages.arm),
  row('ARM-LOC-002', 'The location of a resource cannot be changed.', pages.arm),
  row(
    'ARM-NAME-001',
    'A name has up to 80 characters, begins with a letter or digit and ends with one or with an underscore.',
    pages.names,
  ),
  row('ARM-NAME-002', 'Children of one parent have different names, compared without case.', pages.names),
  row(
    'ARM-REF-001',
    'A referenced resource exists, is of the right type and, where the service demands it, in the same region.',
    pages.arm,
  ),
  row('ARM-TAG-001', 'A resource has at most 50 tags.', pages.tags, ourCode),
  row('ARM-TAG-002', 'A tag name has at most 512 characters and none of < > % & \\ ? /.', pages.tags, ourCode),
  row('ARM-TAG-003', 'A tag value has at most 256 characters.', pages.tags, ourCode),
  row('ARM-TAG-004', 'Tag names are compared without case.', pages.tags, ourCode),
  row('NET-CIDR-001', 'Address prefixes are in CIDR notation.', pages.network),
  row('NET-CIDR-002', 'Address prefixes have no host bits.', pages.network),
];
