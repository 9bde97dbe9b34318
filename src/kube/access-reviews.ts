import type { RestClient } from './rest-client.ts';

/** authentication/v1 UserInfo. */
export interface UserInfo {
  username: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

/** The answer to a question about rights (authorization.k8s.io/v1), whichever kind of review asked it. */
export interface AccessReview {
  status?: { allowed?: boolean; denied?: boolean };
}

/** What is not allowed in so many words is not. */
export function isAllowed({ status }: AccessReview): boolean {
  return status?.allowed === true && status.denied !== true;
}

/** A scraper waits 10 s as a rule, and two of these must fit in. */
const timeoutMs = 4_000;

/**
 * What the API server says about other people's tokens and rights. Needs create on tokenreviews and
 * subjectaccessreviews, which are cluster-scoped; neither is stored. Both reject as RestClient does.
 */
export function accessReviews(client: RestClient): {
  authenticate(token: string): Promise<UserInfo | undefined>;
  authorize(user: UserInfo, verb: string, path: string): Promise<boolean>;
} {
  return {
    async authenticate(token) {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
      const { status } = await client.create<{ status?: { authenticated?: boolean; user?: UserInfo } }>(
        '/apis/authentication.k8s.io/v1/tokenreviews',
        body,
        { timeoutMs },
      );
      return status?.authenticated === true && status.user?.username ? status.user : undefined;
    },
    async authorize({ username, uid, groups, extra }, verb, asked) {
      const spec = { user: username, uid, groups, extra, nonResourceAttributes: { verb, path: asked } };
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
      const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
      return isAllowed(await client.create<AccessReview>(path, body, { timeoutMs }));
    },
  };
}
