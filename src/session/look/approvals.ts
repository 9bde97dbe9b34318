import type { DebugApproval } from '../../api/debugapproval.ts';
import type { Authority } from './authority.ts';

/** What is known of the DebugApprovals that name a session. */
export type ApprovalsView =
  | {
      kind: 'known';
      /** What is known of the admission policy that says who approved. */
      authority: Authority;
      /** All that name the session, whatever else they say. */
      approvals: readonly DebugApproval[];
      /** The uids of those whose approver may not approve (any more), as far as the API server was asked. */
      withoutRight?: readonly string[];
    }
  /** They could not be read (yet). */
  | { kind: 'unread'; message: string };

/** Nobody has looked. */
export const UNREAD_APPROVALS: ApprovalsView = { kind: 'unread', message: 'they have not been read yet' };
