"""Errors of sign-in and of acting in a project."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault, UserError
from sardonyx.text import N_


class ProjectNotFoundError(UserError):
    """The project does not exist for this person (nobody learns of others' projects)."""

    code = "project_not_found"
    kind = Kind.NOT_FOUND
    title = N_("Unknown project")
    detail = N_("There is no project “{project}” among yours.")
    next_step = N_("Choose one of: {known}.")


class NoProjectError(UserError):
    """The identity provider's claims give this person no place to work."""

    code = "no_project"
    kind = Kind.REFUSED
    title = N_("You have no project yet")
    detail = N_("The groups of “{username}” lead to no project, and there are no personal ones.")
    next_step = N_("Ask the keeper of your groups to add you to one, then sign in again.")


class NoPersonalProjectError(UserError):
    """What is asked for belongs in a place of the person's own, and there is none."""

    code = "no_personal_project"
    kind = Kind.REFUSED
    title = N_("There is no personal project")
    detail = N_("This needs a place of your own, and “{username}” has none on this platform.")
    next_step = N_("Choose one of your groups' projects and do it there.")


class UsernameUnusableError(UserError):
    """The identity provider's token names nobody, or names them in a way that is not safe.

    reason: `missing` or `characters`.
    """

    code = "username_unusable"
    kind = Kind.REFUSED
    title = N_("Your name cannot be used here")
    detail = N_("The claim “{claim}” of your sign-in gives no usable name ({reason}).")
    next_step = N_(
        "An administrator can name another claim (identity.usernameClaim), or ask the identity "
        "provider to send this one."
    )


class RegionInvalidError(SystemFault):
    """A key of the region, where projects come from, has no usable value."""

    code = "region_invalid"
    title = N_("The region's settings are not right")
    detail = N_("The key “{place}” cannot be used: {reason}.")
    next_step = N_("Correct it in the settings and start the platform again.")


class SignInRequiredError(UserError):
    """Nobody is signed in."""

    code = "sign_in_required"
    kind = Kind.UNAUTHENTICATED
    title = N_("Sign in first")
    detail = N_("This page needs to know who you are.")
    next_step = N_(
        "On your own machine run “sardonyx open”; elsewhere sign in with your browser, or run "
        "“sardonyx login” with the platform's address."
    )


class ServiceSignInError(UserError):
    """A request for a service without its cookie or its credential."""

    code = "service_sign_in_required"
    kind = Kind.UNAUTHENTICATED
    title = N_("Sign in first")
    detail = N_("The service “{name}” needs to know who you are.")
    next_step = N_(
        "In a browser: “sardonyx services open {name}”. In a program: send the credential of "
        "“sardonyx services token {name}”."
    )


class OneTimeLinkError(UserError):
    """The link was used before, is too old, or was never ours."""

    code = "one_time_link_refused"
    kind = Kind.REFUSED
    title = N_("This link no longer works")
    detail = N_("A sign-in link works once, for a few minutes.")
    next_step = N_("Run “sardonyx open” for a new one.")


class ForeignRequestError(UserError):
    """A page of another site made the browser send this request."""

    code = "foreign_request"
    kind = Kind.REFUSED
    title = N_("Request refused")
    detail = N_("The request came from a page that is not part of the platform.")
    next_step = N_("Repeat the action from the platform's own pages.")


class WorkspaceRefusedError(UserError):
    """The project's place on the cluster is not there, and may not be made."""

    code = "workspace_refused"
    kind = Kind.REFUSED
    title = N_("The project has no place on the cluster")
    detail = N_("The namespace “{namespace}” is not ready: {reason}")
    next_step = N_("Ask an administrator to make the namespace, or to let the platform make it.")


class ApiTokenInvalidError(UserError):
    """reason: `name`, `life` or `number`."""

    code = "api_token_invalid"
    title = N_("The token was not made")
    detail = N_("Its name or its life cannot be used, or there are too many ({reason}).")
    next_step = N_(
        "Give it a name of one line and a life of 1 to 365 days; revoke tokens you no longer use."
    )


class ApiTokenNotFoundError(UserError):
    code = "api_token_not_found"
    kind = Kind.NOT_FOUND
    title = N_("No such token")
    detail = N_("You have no token with the number “{number}”.")
    next_step = N_("List your tokens: they are on the account page.")


class BrowserOnlyError(UserError):
    """A token must not be able to make further tokens: who stole it could stay for ever."""

    code = "browser_only"
    kind = Kind.REFUSED
    title = N_("Do this in a browser")
    detail = N_("A program's token cannot make tokens.")
    next_step = N_("Sign in with a browser and open “Account”, “Tokens for programs”.")


class IdentityProviderUnavailableError(SystemFault):
    """The provider does not answer, or not as OpenID Connect says."""

    code = "identity_provider_unavailable"
    title = N_("The sign-in service of your organisation does not answer")
    detail = N_("{issuer}: {reason}.")
    next_step = N_(
        "Try again in a moment. Whoever is signed in goes on working, and services go on running."
    )


class IdentityTokenRefusedError(UserError):
    """What came back from the provider does not prove who somebody is.

    reason: `signature`, `key`, `algorithm`, `issuer`, `audience`, `expired`, `time`, `nonce`,
    `subject`, `form`.
    """

    code = "identity_token_refused"
    kind = Kind.REFUSED
    title = N_("Your sign-in could not be verified")
    detail = N_("The identity provider's token was refused ({reason}).")
    next_step = N_(
        "Sign in again. If it stays, an administrator compares the platform's identity settings "
        "with the provider's."
    )


class SignInFlowError(UserError):
    """The answer of the provider does not belong to a sign-in that this browser began."""

    code = "sign_in_flow"
    kind = Kind.REFUSED
    title = N_("This sign-in was not begun here")
    detail = N_("It was begun in another browser, too long ago, or was finished already.")
    next_step = N_("Sign in again from the platform's own page, and allow its cookies.")


class SignInRefusedError(UserError):
    """The provider says no: the person cancelled, may not use the client, …"""

    code = "sign_in_refused"
    kind = Kind.REFUSED
    title = N_("The identity provider refused the sign-in")
    detail = N_("It answered “{answer}”.")
    next_step = N_("Try again, or ask whoever keeps your account whether you may use the platform.")


class SignInAgainError(UserError):
    """The provider no longer vouches for the person: the sign-in there has ended."""

    code = "sign_in_again"
    kind = Kind.UNAUTHENTICATED
    title = N_("Sign in again")
    detail = N_("Your sign-in at the identity provider has ended.")
    next_step = N_("Sign in once more; your services and files are as you left them.")


class NoIdentityTokenError(SystemFault):
    """The provider renews no ID token, which storage and secrets ask for."""

    code = "no_identity_token"
    title = N_("The identity provider gave no ID token")
    detail = N_("{issuer} answered without the token that storage and secrets ask for.")
    next_step = N_(
        "An administrator asks for the scopes “openid offline_access” and lets the client renew."
    )


class KeyFileError(SystemFault):
    """The file of the key that seals tokens is missing or holds no key."""

    code = "key_file"
    title = N_("The key file cannot be used")
    detail = N_("{path}: {reason}.")
    next_step = N_("Make one with “openssl rand -base64 32”, readable by the platform alone.")


class NotOfferedHereError(UserError):
    """One machine has one person, whose programs find the platform by its folder."""

    code = "not_offered_here"
    kind = Kind.NOT_FOUND
    title = N_("This platform has no tokens for programs")
    detail = N_("On this machine programs find the platform by its folder.")
    next_step = N_("Run “sardonyx whoami”: it needs no token here.")
