"""Own the words of findings: what is wrong with a service, why, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sardonyx.services.cluster_words import CLUSTER_WORDS, Words
from sardonyx.services.models import Finding
from sardonyx.text import N_, Text


@dataclass(frozen=True, slots=True)
class WordedFinding:
    """A finding in words, to be put in the reader's language."""

    title: Text
    explanation: Text
    next_step: Text


def worded(finding: Finding) -> WordedFinding:
    """Return the words of `finding`."""
    words = WORDS[finding.code]
    return WordedFinding(
        Text(words.title, finding.values),
        Text(words.explanation, finding.values),
        Text(words.next_step, finding.values),
    )


WORDS: Mapping[str, Words] = {
    "keys_last": Words(
        N_("Its keys last until {until}"),
        N_("This service has keys to storage and secrets that end then; it cannot renew them."),
        N_("Pause and resume it before, or edit it: either gives it fresh keys."),
    ),
    "keys_ended": Words(
        N_("Its keys have ended"),
        N_("The keys to storage and secrets in this service lasted until {until}."),
        N_("Pause and resume it: it then gets fresh keys."),
    ),
    "package_not_found": Words(
        N_("A package does not exist"),
        N_("The environment asks for “{package}”, which is not in the package registry."),
        N_("Check its name in the chart's requirements, then launch again."),
    ),
    "package_no_version": Words(
        N_("A package has no such version"),
        N_("The environment asks for “{package}” {version}, which was never published."),
        N_("Choose another version in the chart's requirements, then launch again."),
    ),
    "package_hashes": Words(
        N_("A package is not the one that was pinned"),
        N_("What the package registry sent does not have the recorded digest: nothing was kept."),
        N_("Do not go on with it: check the pins of the chart with whoever keeps the chart."),
    ),
    "packages_offline": Words(
        N_("The packages are not on this machine yet"),
        N_("The environment was never prepared here, and the network is switched off."),
        N_("Connect to the network and resume the service: once prepared, it starts offline."),
    ),
    "packages_network": Words(
        N_("The package registry cannot be reached"),
        N_("The network or a proxy stands between this machine and the package registry."),
        N_("Check the connection and HTTPS_PROXY, start the platform again, then resume."),
    ),
    "packages_certificate": Words(
        N_("The package registry's certificate is not trusted"),
        N_("The network of your organisation probably signs connections with its own certificate."),
        N_("Set SSL_CERT_FILE to its file, run “sardonyx up” again, then resume the service."),
    ),
    "environment_failed": Words(
        N_("The environment could not be prepared"),
        N_("The package installer stopped; its last words are below."),
        N_("Correct what it says, then resume the service."),
    ),
    "environment_interrupted": Words(
        N_("The preparation was interrupted"),
        N_("The platform ended while the environment was being prepared."),
        N_("Resume the service: what was downloaded is kept."),
    ),
    "disk_full": Words(
        N_("The disk is full"),
        N_("There was no space left to prepare or run the service."),
        N_("Free some space, then resume the service."),
    ),
    "disk_low": Words(
        N_("Little space is left on the disk"),
        N_("The launch needs about {needed_gb} GB, {free_gb} GB are free."),
        N_("Free some space before you launch."),
    ),
    "program_missing": Words(
        N_("A program is missing on this machine"),
        N_("The service needs “{program}”, which is not on PATH."),
        N_("Install it: {hint}. Then resume the service."),
    ),
    "port_taken": Words(
        N_("The service's port is taken"),
        N_("Another program listens on port {port} of this machine."),
        N_("End that program, then resume the service."),
    ),
    "out_of_memory": Words(
        N_("The service ran out of memory"),
        N_("It was ended because it asked for more memory than it may have."),
        N_("Launch it with more memory, or load less data at once."),
    ),
    "killed": Words(
        N_("The service was killed"),
        N_("Its program was ended from outside, by signal {signal}."),
        N_("Resume it; if it happens again, look whether the machine lacks memory."),
    ),
    "crashed": Words(
        N_("The service ended by itself"),
        N_("Its program ended with exit code {exit_code}; its last lines are below."),
        N_("Read the last lines, correct what they say, then resume the service."),
    ),
    "restarting": Words(
        N_("The service ended and is being started again"),
        N_("It ended {crashes} time(s); it is given up after three quick ends."),
        N_("Wait, or read its logs."),
    ),
    "never_answered": Words(
        N_("The service does not answer"),
        N_("It was started, but did not answer within {seconds} seconds."),
        N_("Read its last lines; resume it to try again."),
    ),
    "step_failed": Words(
        N_("A step before the start failed"),
        N_("The step “{step}” did not end well; its last lines are below."),
        N_("Correct what they say, then resume the service."),
    ),
    "step_warning": Words(
        N_("A step before the start failed"),
        N_("The step “{step}” did not end well; the service was started all the same."),
        N_("Read the logs; restart the service to try the step again."),
    ),
    "start_refused": Words(
        N_("The service could not be started again"),
        N_("What it needs is not there: {reason}"),
        N_("Correct that, then resume the service."),
    ),
    "socket_replaced": Words(
        N_("The service was stopped for safety"),
        N_("Something in it put a link in place of its socket, which could lead elsewhere."),
        N_("Look at what it runs before you resume it."),
    ),
    "supervisor_gone": Words(
        N_("The service was stopped with the platform"),
        N_("The platform ended while this service was running. Its files are intact."),
        N_("Resume it: it starts again with its files."),
    ),
    "runner_gone": Words(
        N_("The service was stopped"),
        N_("What looks after the service was ended from outside. Its files are intact."),
        N_("Resume it: it starts again with its files."),
    ),
    **CLUSTER_WORDS,
}
