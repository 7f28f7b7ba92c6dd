"""Errors of a person's account."""

from __future__ import annotations

from sardonyx.errors import Kind, SystemFault, UserError
from sardonyx.text import N_


class PreferenceError(UserError):
    code = "preference_invalid"
    title = N_("This choice cannot be saved")
    detail = N_("“{value}” is not possible for {name}.")
    next_step = N_("Choose one of: {known}.")


class ProfileNotOfferedError(UserError):
    code = "profile_not_offered"
    kind = Kind.NOT_FOUND
    title = N_("There is no profile here")
    detail = N_("The administrator of this platform asks nobody for one.")
    next_step = N_("Your name, Git and language are on the account page.")


class ProfileInvalidError(UserError):
    """A profile that does not fit the administrator's schema; its problems say where."""

    code = "profile_invalid"
    title = N_("The profile was not saved")
    detail = N_("Some of what it says is not possible.")
    next_step = N_("Correct what is named, then save again.")


class ProfileSchemaError(SystemFault):
    code = "profile_schema"
    title = N_("The profile's form cannot be shown")
    detail = N_("The file {file} of the profile's schemas is not one: {reason}")
    next_step = N_("An administrator corrects the file; it is read again by itself.")


class StorageAddressError(UserError):
    code = "own_storage_address"
    title = N_("This is no address of a storage")
    detail = N_("“{url}” cannot be one.")
    next_step = N_("Write its beginning alone, as “https://s3.example.org:9000”.")


class StorageFolderError(UserError):
    """A folder that is none, or that is missing where nothing else says what to read."""

    code = "own_storage_folder"
    title = N_("The folder is missing or is none")
    detail = N_(
        "A folder is written “bucket” or “bucket/folder”; a storage without keys needs one."
    )
    next_step = N_("Write for example “prices/2026”, without “.” and “..”.")


class StorageKeysError(UserError):
    code = "own_storage_keys"
    title = N_("The keys of the storage are missing")
    detail = N_("An access key and its secret key go together.")
    next_step = N_("Give both, or say that the storage needs none.")


class StorageMovedError(UserError):
    """The kept keys would go to another address than the one they were given for."""

    code = "own_storage_moved"
    title = N_("The address has changed")
    detail = N_("The keys that are kept were given for {url}, and are sent nowhere else.")
    next_step = N_("Give both keys again with the new address.")


class StorageTextError(UserError):
    code = "own_storage_text"
    title = N_("The storage was not kept")
    detail = N_("A name, a region or a key is one plain line.")
    next_step = N_("Shorten it, and leave out line ends and signs that cannot be typed.")


class StorageLimitError(UserError):
    code = "own_storage_limit"
    kind = Kind.REFUSED
    title = N_("There are too many of them")
    detail = N_("You have {most} storages of your own already.")
    next_step = N_("Remove one that you no longer use.")


class StorageUnreadableError(UserError):
    """What is kept of a person's stores is no list: a change of it would lose what it was."""

    code = "own_storage_unreadable"
    kind = Kind.REFUSED
    title = N_("Your storages were not changed")
    detail = N_("What is kept of them cannot be read, and would be lost: {key} in {path}.")
    next_step = N_("Correct it in the secret store, or delete that secret and give them anew.")


class StorageNotFoundError(UserError):
    code = "own_storage_not_found"
    kind = Kind.NOT_FOUND
    title = N_("No such storage of your own")
    detail = N_("None of yours is called “{name}”.")
    next_step = N_("The account page lists yours, under “Storage of your own”.")


class StorageUnreachableError(UserError):
    """Nothing that speaks S3 answers at the address, or none that may be asked from here."""

    code = "own_storage_unreachable"
    kind = Kind.REFUSED
    title = N_("The storage does not answer")
    detail = N_("No S3 storage answers at {url}.")
    next_step = N_("Check the address, and whether it can be reached from here.")


class StorageRefusedError(UserError):
    """The store answers and refuses. reason: the store's own code, empty where it says none."""

    code = "own_storage_refused"
    kind = Kind.REFUSED
    title = N_("The storage refused")
    detail = N_("{url} answers, and refuses: {reason}.")
    next_step = N_("Check the keys and the folder; name a folder that the keys may list.")
