"""Own the words of findings on a cluster; `findings` joins them to those of one machine.

Over 400 lines: one table, which docs/findings.md is written from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sardonyx.text import N_


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one kind of finding; places are filled with the finding's values."""

    title: str
    explanation: str
    next_step: str


CLUSTER_WORDS: Mapping[str, Words] = {
    # Quota, limits, rules of the cluster
    "quota_memory": Words(
        N_("Your memory allowance is used up"),
        N_("It asks for {requested}; {used} of {limited} are taken ({resource})."),
        N_("Ask for less memory, or pause or delete another service."),
    ),
    "quota_cpu": Words(
        N_("Your processor allowance is used up"),
        N_("It asks for {requested}; {used} of {limited} are taken ({resource})."),
        N_("Ask for fewer processors, or pause or delete another service."),
    ),
    "quota_gpu": Words(
        N_("Your GPU allowance is used up"),
        N_("It asks for {requested} GPU; {used} of {limited} are taken."),
        N_("Pause or delete another service that holds a GPU, or launch without one."),
    ),
    "quota_pods": Words(
        N_("You run as many services as you may"),
        N_("It needs {requested} more; {used} of {limited} are taken ({resource})."),
        N_("Pause or delete another service."),
    ),
    "quota_storage": Words(
        N_("Your storage allowance is used up"),
        N_("It asks for {requested}; {used} of {limited} are taken ({resource})."),
        N_("Ask for a smaller disk, or delete services and disks that you no longer need."),
    ),
    "quota_other": Words(
        N_("An allowance of your project is used up"),
        N_("It asks for {requested} of {resource}; {used} of {limited} are taken."),
        N_("Delete what you no longer need, or ask your administrators for more."),
    ),
    "quota_needs_sizes": Words(
        N_("The service does not say how much it needs"),
        N_("Your project has an allowance, so each service must state: {wanted}"),
        N_("Set its memory and processors in its settings, then apply."),
    ),
    "limit_range_high": Words(
        N_("It asks for more than one service may have"),
        N_("It asks for {asked} of {resource}; at most {limit} are allowed for a {kind}."),
        N_("Ask for at most {limit} in its settings, then apply."),
    ),
    "limit_range_low": Words(
        N_("It asks for less than a service must have"),
        N_("It asks for {asked} of {resource}; at least {limit} are needed for a {kind}."),
        N_("Ask for at least {limit} in its settings, then apply."),
    ),
    "pod_security": Words(
        N_("The cluster's safety rules forbid this service"),
        N_("It does not keep to the level “{level}”: {reason}"),
        N_("Switch off what needs more rights, or ask your administrators about this chart."),
    ),
    "webhook_refused": Words(
        N_("A rule of the cluster refused it"),
        N_("“{webhook}” says: {reason}"),
        N_("Change what it says in the settings, or ask your administrators."),
    ),
    "webhook_unreachable": Words(
        N_("A check of the cluster does not answer"),
        N_("“{webhook}” must agree to each new object and cannot be reached."),
        N_("Ask your administrators to repair it, then start the service again."),
    ),
    "account_missing": Words(
        N_("The account the service runs under is missing"),
        N_("There is no service account “{name}” in your project."),
        N_("Change it in the settings, or ask whoever keeps the chart."),
    ),
    "rights_missing": Words(
        N_("The platform may not create a part of it"),
        N_("“{user}” may not {verb} {resource} in your project."),
        N_("Ask your administrators whether this chart is meant for this cluster."),
    ),
    "rights_escalation": Words(
        N_("It asks for more rights than the platform may give"),
        N_("The chart grants rights on the cluster that nobody in your project holds."),
        N_("Switch that off in its settings, or ask your administrators."),
    ),
    "namespace_leaving": Words(
        N_("Your project's place on the cluster is being removed"),
        N_("Nothing new can be created in “{namespace}” while it is deleted."),
        N_("Wait until it is gone and sign in again, or ask your administrators."),
    ),
    "kind_unknown": Words(
        N_("The cluster lacks something the service needs"),
        N_("It has no “{kind}” ({version}); usually an operator brings it."),
        N_("Ask your administrators to install it, or choose another chart."),
    ),
    "pods_refused": Words(
        N_("The cluster does not create the service's parts"),
        N_("“{name}” was refused; what was said is below."),
        N_("Read it, change the settings, or show it to your administrators."),
    ),
    # Scheduling
    "no_room_cpu": Words(
        N_("No machine has enough free processors"),
        N_("Of {nodes} machines, {count} have too little left."),
        N_("Ask for fewer processors, or wait until others end."),
    ),
    "no_room_memory": Words(
        N_("No machine has enough free memory"),
        N_("Of {nodes} machines, {count} have too little left."),
        N_("Ask for less memory, or wait until others end."),
    ),
    "no_room_gpu": Words(
        N_("No GPU is free"),
        N_("Of {nodes} machines, {count} have no {resource} left."),
        N_("Wait until one is free, or launch without a GPU."),
    ),
    "no_room_other": Words(
        N_("No machine has enough of what it needs"),
        N_("Of {nodes} machines, {count} have too little {resource} left."),
        N_("Ask for less of it, or wait until others end."),
    ),
    "no_room_pods": Words(
        N_("The machines of the cluster are full"),
        N_("Each of {nodes} machines runs as many services as it may."),
        N_("Wait until others end, or tell your administrators."),
    ),
    "node_selector": Words(
        N_("No machine is of the kind it asks for"),
        N_("None of {nodes} machines has the labels that its settings demand."),
        N_("Remove the node selector or affinity from its settings, or correct it."),
    ),
    "taint": Words(
        N_("The machines that are left are kept for others"),
        N_("Of {nodes} machines, those with room are reserved ({taint})."),
        N_("Ask your administrators, or add the toleration they name to its settings."),
    ),
    "volume_elsewhere": Words(
        N_("Its disk is on a machine that cannot take it"),
        N_("The disk can only be used where it is, and that machine has no room or is away."),
        N_("Wait for that machine, or ask for less; copy the files before you give up the disk."),
    ),
    "no_free_port": Words(
        N_("The machine's port it asks for is taken"),
        N_("It wants a fixed port of a machine, and every machine's is in use."),
        N_("Remove the host port from its settings."),
    ),
    "nodes_closed": Words(
        N_("The machines of the cluster take nothing new"),
        N_("They are closed for maintenance; {nodes} were looked at."),
        N_("Wait, or ask your administrators when they open again."),
    ),
    "no_nodes": Words(
        N_("The cluster has no machine"),
        N_("There is nothing to run on at the moment."),
        N_("Tell your administrators; it starts by itself once there is one."),
    ),
    "unschedulable": Words(
        N_("No machine takes the service"),
        N_("The cluster says: {reason}"),
        N_("Change the settings it names, or show this to your administrators."),
    ),
    "scheduling_gated": Words(
        N_("The service is held back"),
        N_("Something on the cluster keeps it waiting on purpose before it is placed."),
        N_("Wait; if it lasts, ask your administrators."),
    ),
    "node_coming": Words(
        N_("The cluster is adding a machine"),
        N_("There was no room; a new machine is being started for it."),
        N_("Wait a few minutes: it starts by itself."),
    ),
    "preempted": Words(
        N_("The service had to give way"),
        N_("Something more urgent needed its place on the machine."),
        N_("It starts again where there is room; if not, start it again later."),
    ),
    # Volumes
    "claim_missing": Words(
        N_("The disk it asks for does not exist"),
        N_("There is no disk “{claim}” in your project."),
        N_("Correct the name of the existing claim in its settings, or leave it empty."),
    ),
    "claim_unbound": Words(
        N_("Its disk is not ready"),
        N_("The service waits for its disk to be created."),
        N_("Wait; if it lasts, ask your administrators about the storage class."),
    ),
    "storage_class_missing": Words(
        N_("The kind of disk it asks for does not exist"),
        N_("The disk “{claim}” asks for the storage class “{storage_class}”."),
        N_("Choose another storage class in its settings, or leave it empty; launch anew."),
    ),
    "no_storage_class": Words(
        N_("No kind of disk is chosen"),
        N_("“{claim}” names no storage class, and the cluster has no default one."),
        N_("Choose a storage class, or switch the disk off in its settings; launch anew."),
    ),
    "no_volume": Words(
        N_("No disk is free"),
        N_("No existing disk suits “{claim}” (storage class {storage_class})."),
        N_("Ask for a smaller disk or another storage class; launch anew."),
    ),
    "provisioning_failed": Words(
        N_("The disk could not be created"),
        N_("The storage of the cluster refused “{claim}” (storage class {storage_class})."),
        N_("Read what it says below; show it to your administrators if it lasts."),
    ),
    "volume_coming": Words(
        N_("Its disk is being created"),
        N_("The storage of the cluster works on “{claim}” (storage class {storage_class})."),
        N_("Wait: it goes on by itself."),
    ),
    "volume_lost": Words(
        N_("Its disk is gone"),
        N_("“{claim}” points to a disk that no longer exists."),
        N_("Ask your administrators whether it can be restored before you delete anything."),
    ),
    "volume_in_use": Words(
        N_("Its disk is still held elsewhere"),
        N_("Another machine has not let go of the disk yet."),
        N_("Wait some minutes; it is freed once the earlier run has ended."),
    ),
    "volume_not_mounted": Words(
        N_("Its disk cannot be opened"),
        N_("The cluster says: {reason}"),
        N_("Wait a minute; if it lasts, show this to your administrators."),
    ),
    # Images
    "image_not_found": Words(
        N_("The image does not exist"),
        N_("“{image}” is not in its registry, or not under that tag."),
        N_("Choose another version or correct the image in its settings."),
    ),
    "image_name": Words(
        N_("The name of the image is not right"),
        N_("“{image}” is no name of an image."),
        N_("Correct it in the settings: registry/name:tag, small letters."),
    ),
    "image_credentials": Words(
        N_("The image may not be read"),
        N_("The registry of “{image}” asks for an account, or it does not exist there."),
        N_("Check the name; for a private image, give a pull secret in the settings."),
    ),
    "image_registry_unreachable": Words(
        N_("The image registry cannot be reached"),
        N_("“{image}” could not be fetched: its registry does not answer."),
        N_("Check the registry's name; else wait, it is tried again by itself."),
    ),
    "image_registry_certificate": Words(
        N_("The image registry is not trusted"),
        N_("The certificate of the registry of “{image}” was refused."),
        N_("Ask your administrators to let the cluster trust it."),
    ),
    "image_rate_limit": Words(
        N_("The image registry asks to slow down"),
        N_("Too many images were fetched from the registry of “{image}” in a short time."),
        N_("Wait: it is tried again by itself; administrators can set up a mirror."),
    ),
    "image_platform": Words(
        N_("The image is made for another kind of machine"),
        N_("“{image}” does not exist for the processors of this cluster."),
        N_("Choose another image or version in the settings."),
    ),
    "image_never_pulled": Words(
        N_("The image is not on the machine"),
        N_("The settings forbid fetching “{image}”, and the machine does not have it."),
        N_("Change the pull policy in the settings."),
    ),
    "image_failed": Words(
        N_("The image could not be fetched"),
        N_("“{image}” did not come; what was said is below."),
        N_("Check the image's name, or show this to your administrators."),
    ),
    "node_disk_full": Words(
        N_("The machine's disk is full"),
        N_("There was no space left to unpack “{image}”."),
        N_("Tell your administrators; then start the service again."),
    ),
    # Containers
    "reference_missing": Words(
        N_("The service refers to something that is not there"),
        N_("There is no {kind} “{name}” in your project."),
        N_("Correct the name in its settings, or create it."),
    ),
    "runs_as_root": Words(
        N_("The image wants to run as root"),
        N_("The cluster forbids that, and “{image}” names no other user."),
        N_("Choose an image that runs as an ordinary user, or set a user in the settings."),
    ),
    "command_missing": Words(
        N_("The program to run is not in the image"),
        N_("“{image}” does not hold what “{container}” should start."),
        N_("Correct the image or the command in the settings."),
    ),
    "container_not_made": Words(
        N_("The service could not be set up on its machine"),
        N_("The machine says: {reason}"),
        N_("Change what it names in the settings, or show it to your administrators."),
    ),
    "network_not_ready": Words(
        N_("The machine gives the service no network"),
        N_("The place of the service could not be prepared on its machine."),
        N_("Wait a minute; if it lasts, tell your administrators."),
    ),
    "init_failed": Words(
        N_("A step before the start failed"),
        N_("“{container}” ended with exit code {exit_code}, {times} time(s)."),
        N_("Read its log, correct what it says in the settings, then apply."),
    ),
    "crash_loop": Words(
        N_("The service ends as soon as it starts"),
        N_("“{container}” ended with exit code {exit_code}, {times} time(s)."),
        N_("Read the log of its last run, correct what it says, then start it again."),
    ),
    "ended_too_soon": Words(
        N_("The service ends at once, as if it were done"),
        N_("“{container}” ended without an error, {times} time(s)."),
        N_("Check its command in the settings: a service must go on running."),
    ),
    "pod_killed": Words(
        N_("The service was killed"),
        N_("“{container}” was ended from outside (exit code {exit_code}), {times} time(s)."),
        N_("Read its log; often it did not answer in time, or its machine ran short."),
    ),
    "pod_out_of_memory": Words(
        N_("The service ran out of memory"),
        N_("“{container}” asked for more memory than its limit, {times} time(s)."),
        N_("Give it more memory, or load less data at once."),
    ),
    "probe_startup": Words(
        N_("The service has not answered yet"),
        N_("“{container}” has been starting for {seconds} s; some take minutes."),
        N_("Wait; read its log if it goes on."),
    ),
    "probe_readiness": Words(
        N_("The service runs but does not answer"),
        N_("“{container}” has not answered for {seconds} s."),
        N_("Read its log; restart the service if it goes on."),
    ),
    "probe_liveness": Words(
        N_("The service stopped answering"),
        N_("“{container}” no longer answers and will be started again."),
        N_("Read its log; give it more memory or processors if it is overloaded."),
    ),
    "deadline": Words(
        N_("The service ran as long as it may"),
        N_("It has a longest time, which is over."),
        N_("Launch it again with a longer time."),
    ),
    # The machine below
    "evicted_memory": Words(
        N_("Its machine ran out of memory"),
        N_("The machine “{node}” ended the service to save itself."),
        N_("Ask for the memory it really needs, so that a machine with room is chosen."),
    ),
    "evicted_disk": Words(
        N_("It wrote too much to its machine's disk"),
        N_("The machine “{node}” ended the service to free space."),
        N_("Write to your files or to a disk of its own; start it again."),
    ),
    "evicted": Words(
        N_("Its machine ended it"),
        N_("The machine “{node}” was short of something; what was said is below."),
        N_("Start it again; tell your administrators if it happens often."),
    ),
    "node_lost": Words(
        N_("Its machine does not answer"),
        N_("“{node}” is away; the service is moved once the cluster gives it up."),
        N_("Wait five minutes; restart the service if it does not come back."),
    ),
    # Helm and hooks
    "queued": Words(
        N_("It waits for its turn"),
        N_("It is number {position} in the queue."),
        N_("Nothing to do: it goes on by itself."),
    ),
    "hook_failed": Words(
        N_("A preparing task of the chart failed"),
        N_("The task “{job}” ({hook}) did not end well."),
        N_("Read what it says below, correct the settings, then try again."),
    ),
    "job_failed": Words(
        N_("A task of the service failed"),
        N_("The task “{job}” was given up."),
        N_("Read its log, correct the settings, then try again."),
    ),
    "operation_stuck": Words(
        N_("An earlier change was cut off"),
        N_("Something began to change the service and never ended."),
        N_("Apply the change again, return to an earlier state, or delete the service."),
    ),
    "values_refused": Words(
        N_("The chart refuses these settings"),
        N_("Its own rules do not accept them; what they say is below."),
        N_("Correct what they name, then apply."),
    ),
    "chart_refused": Words(
        N_("The chart refuses these settings"),
        N_("It says: {reason} ({place})"),
        N_("Correct that in the settings, then apply."),
    ),
    "chart_broken": Words(
        N_("The chart cannot be filled in"),
        N_("Its template has a fault, or breaks on one of your values ({place})."),
        N_("Undo unusual characters in your values; else tell whoever keeps the chart."),
    ),
    "field_conflict": Words(
        N_("Somebody else changed a part of the service"),
        N_("A part of it is kept by another program or person, who wants it otherwise."),
        N_("Ask your administrators, or delete that part and apply again."),
    ),
    "object_of_another": Words(
        N_("A part of it exists already"),
        N_("Another service, or somebody by hand, made an object of the same name."),
        N_("Only one such service fits in a project: delete the other one first."),
    ),
    "field_immutable": Words(
        N_("This setting cannot be changed any more"),
        N_("The cluster keeps it as it was at the launch (often the size of a disk)."),
        N_("Put the old value back, or launch a copy with the new one."),
    ),
    "cluster_version": Words(
        N_("The chart does not suit this cluster"),
        N_("It asks for another version of Kubernetes."),
        N_("Choose another version of the chart."),
    ),
    "release_too_big": Words(
        N_("The service is too large to be recorded"),
        N_("What the chart makes exceeds what one record may hold (1 MiB)."),
        N_("Shorten long texts in its settings, or tell whoever keeps the chart."),
    ),
    "helm_timeout": Words(
        N_("The launch took too long"),
        N_("It was given up; parts of it may have been created."),
        N_("Try again; if it lasts, look at the log and the story of the service."),
    ),
    "helm_failed": Words(
        N_("The launch was refused"),
        N_("Helm says: {reason}"),
        N_("Correct what it names, or show it to your administrators."),
    ),
    "operator_says": Words(
        N_("A part of the service is not ready"),
        N_("The operator of “{name}” ({kind}) still works on it; what it says is below."),
        N_("Wait; if it lasts, read what it says."),
    ),
    "no_pod": Words(
        N_("Nothing was started yet"),
        N_("“{name}” ({kind}) has waited for {seconds} s and nobody says why."),
        N_("Wait a little; if it lasts, the cluster's controllers may be down: tell them."),
    ),
    # The cluster itself
    "api_unreachable": Words(
        N_("The cluster does not answer"),
        N_("What is shown is as it was last seen; running services go on."),
        N_("Wait: it is asked again by itself. Changes are possible once it answers."),
    ),
    "api_slow": Words(
        N_("The cluster answers slowly"),
        N_("What is shown may be some seconds old."),
        N_("Nothing to do; changes may take longer than usual."),
    ),
    "api_forbidden": Words(
        N_("The platform may no longer look here"),
        N_("Its rights in your project were taken away; what is shown is old."),
        N_("Tell your administrators."),
    ),
    # Before a launch
    "names_taken": Words(
        N_("A part of it exists already"),
        N_("{names}: another service, or somebody by hand, made it."),
        N_("Only one such service fits in a project: delete the other one first."),
    ),
    "storage_class_unknown": Words(
        N_("The kind of disk it asks for does not exist"),
        N_("The cluster has no storage class “{storage_class}”."),
        N_("Choose another storage class in its settings, or leave it empty."),
    ),
    "storage_class_no_default": Words(
        N_("No kind of disk is chosen"),
        N_("The settings name no storage class, and the cluster has no default one."),
        N_("Choose a storage class, or switch the disk off in its settings."),
    ),
    "gpu_too_many": Words(
        N_("No machine has that many GPU"),
        N_("It asks for {asked}; the largest machine has {most}."),
        N_("Ask for fewer, or wait for a larger machine."),
    ),
    "quota_would_exceed": Words(
        N_("This would exceed your allowance"),
        N_("{resource}: it asks for {requested}, {used} of {limited} are taken."),
        N_("Ask for less, or pause another service first; else it waits."),
    ),
}
