"""What a scene is made of, with a palette that stays apart for colour-blind eyes (Tol, Okabe and Ito)."""

from enum import IntEnum


class SceneClass(IntEnum):
    """Class indices of a scene's label map."""

    ROAD = 0
    SIDEWALK = 1
    BUILDING = 2
    FENCE = 3
    POLE = 4
    SIGN = 5
    VEGETATION = 6
    SKY = 7
    PEDESTRIAN = 8
    CYCLIST = 9
    CAR = 10


COLORS = {
    SceneClass.ROAD: "#5f5f6b",
    SceneClass.SIDEWALK: "#ddcc77",
    SceneClass.BUILDING: "#882255",
    SceneClass.FENCE: "#44aa99",
    SceneClass.POLE: "#dddddd",
    SceneClass.SIGN: "#f0e442",
    SceneClass.VEGETATION: "#117733",
    SceneClass.SKY: "#88ccee",
    SceneClass.PEDESTRIAN: "#ee6677",
    SceneClass.CYCLIST: "#aa4499",
    SceneClass.CAR: "#332288",
}
