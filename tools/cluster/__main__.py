"""Start and end the clusters to test on.

    python -m tools.cluster build                      programs and images, nothing started
    python -m tools.cluster up [light|node]            both without a word; `node` needs root
    python -m tools.cluster down [light|node]
    python -m tools.cluster status
    python -m tools.cluster images [NAME...]           make `images/NAME` and give it to the node
    python -m tools.cluster stop|start PROGRAM         of the light cluster: api, etcd, kwok…

`--at FOLDER` for a light cluster of one's own instead of `build/cluster/light`, on other ports;
`--api-flag=FLAG` adds to the API server's command line, `--nodes N` sets the simulated nodes.
Exit code 3: this machine cannot, and why.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from subprocess import CalledProcessError

from tools.cluster import clusters, images
from tools.cluster.processes import NotReadyError
from tools.cluster.steps import UnfitMachineError, tell

UNFIT = 3
CLUSTERS = ("light", "node")


def main(words: list[str]) -> int:
    parser = _parser()
    options = parser.parse_args(words)
    light = clusters.Light(Path(options.at).resolve(), nodes=options.nodes, flags=options.api_flag)
    node = clusters.Node()
    known = {"up": CLUSTERS, "down": CLUSTERS, "status": CLUSTERS, "images": images.names()}
    unknown = set(options.names) - set(known.get(options.action, light.processes.known()))
    if unknown:
        parser.error(f"{options.action}: there is no {', '.join(sorted(unknown))}")
    wanted = [each for each in (light, node) if each.name in (options.names or CLUSTERS)]
    try:
        match options.action:
            case "build":
                _build(node)
            case "up":
                return _up(wanted, asked=bool(options.names))
            case "down":
                for each in reversed(wanted):
                    each.down()
                    tell(f"{each.name:<8} down")
            case "status":
                for each in wanted:
                    print(f"{each.name:<8} {each.told()}")
            case "images":
                node.images(options.names)
            case "stop":
                light.processes.stop(*options.names, softly=True)
            case "start":
                for name in options.names:
                    light.processes.again(name)
    except (UnfitMachineError, NotReadyError, CalledProcessError) as error:
        tell(str(error))
        return UNFIT if isinstance(error, UnfitMachineError) else 1
    return 0


def _build(node: clusters.Node) -> None:
    unfit = node.unfit()
    clusters.build(node=not unfit)
    if unfit:
        tell(f"{node.name:<8} left out: {unfit}")
    else:
        node.images()


def _up(wanted: list[clusters.Light | clusters.Node], *, asked: bool) -> int:
    """Start what is wanted. asked: by name, so that an unfit machine is an error."""
    for each in wanted:
        unfit = each.unfit()
        if unfit and asked:
            raise UnfitMachineError(unfit)
        if unfit:
            tell(f"{each.name:<8} left out: {unfit}")
            continue
        each.up()
        tell(f"{each.name:<8} {each.told()}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.cluster", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = ("build", "up", "down", "status", "images", "stop", "start")
    parser.add_argument("action", choices=actions)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--at", default=str(clusters.LIGHT))
    parser.add_argument("--nodes", type=int, default=5)
    parser.add_argument("--api-flag", action="append", default=[])
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
