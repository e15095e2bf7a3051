// A fault that a schema found, as the edge tells it: where, and what was expected there.
import { issuePlace } from "../schemas/issue-place.ts";

/** As much of a schema's issue as is told. */
type Issue = { readonly path: readonly PropertyKey[]; readonly message: string };

/** Without a place when it is the whole document. */
export const issueText = ({ path, message }: Issue): string =>
  path.length === 0 ? message : `${issuePlace(path)}: ${message}`;
