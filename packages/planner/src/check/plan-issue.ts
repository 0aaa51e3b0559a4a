/** The form of what the checker finds. All are errors: whose fault is always ours (`bug`) or a damaged store. */
import type { Issue } from '@sallyport/model';

export type PlanIssueCode =
  /** The same object on two hosts, or one public address for two instances. */
  | 'PlanDuplicatePlace'
  /** One id, namespace or name for two objects of a host. */
  | 'PlanDuplicateId'
  /** An id that is no id: below 1, or not an integer. */
  | 'PlanBadId'
  /** A name that can't be one of a namespace or of a VICI connection. */
  | 'PlanBadName'
  /** An object refers to one that is not on its host. */
  | 'PlanUnresolved'
  /** One address twice in one network. */
  | 'PlanDuplicateAddress'
  /** An address outside the network it is meant to be in, or no address at all. */
  | 'PlanAddressOutside'
  /** Two prefixes that must be apart are not. */
  | 'PlanOverlap'
  /** A route leads to nobody, or a tunnel has no one to talk to. */
  | 'PlanMissingPeer'
  /** A tunnel that could never come up. */
  | 'PlanImpossibleTunnel';

export function planIssue(code: PlanIssueCode, target: string, message: string): Issue {
  return { severity: 'error', code, message, target };
}
