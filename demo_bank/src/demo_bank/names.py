"""Word lists for made-up people and addresses in the CRM; every combination is drawn by chance."""

from typing import Final

WOMEN: Final = tuple(
    "Adela Agnes Alma Amber Anita April Audra Beth Bianca Brenda Carla Celia Clara Cora Daisy Dana "
    "Delia Dora Edith Elena Elsa Erica Estelle Fay Flora Freda Gail Gemma Gwen Hazel Heidi Helga Ida "
    "Inez Iris Ivy Jana Joan June Karen Kira Laura Lena Lois Lydia Mabel Marta Mona Nadia Nina Nora "
    "Opal Paula Petra Rita Rosa Selma Tessa Thea Una Vera Wanda Yvonne Zoe".split()
)
MEN: Final = tuple(
    "Abel Adrian Alan Amos Arne Barry Basil Boris Bruno Cecil Clark Clyde Conrad Craig Dale Damon Dean "
    "Derek Earl Edgar Edwin Elmer Emil Ernest Felix Floyd Frank Gary Glen Grant Guy Hank Harold Homer "
    "Hugo Ivan Jarvis Joel Karl Keith Kurt Lars Leon Lloyd Luther Magnus Marvin Milo Nathan Neil Oscar "
    "Otto Perry Quentin Ralph Rex Roland Rufus Simon Stanley Sven Ted Vernon Victor Walter Wayne".split()
)
MIDDLE: Final = tuple(
    "Ash Bay Blair Blake Brook Cameron Casey Dale Darcy Drew Eden Ellis Finley Frost Gale Glenn Harper "
    "Hollis Jules Kendall Lake Lane Lee Marlow Morgan North Parker Quinn Reed Remy River Robin Rowan "
    "Sage Shea Sky Sloan Taylor Vale Winter Wren".split()
)
FAMILIES: Final = tuple(
    "Abbott Alder Appleby Ashdown Barlow Beech Birch Blackwood Bramble Brindle Brook Calder Cartwright "
    "Castle Chandler Clay Cooper Copper Crane Dale Deering Dunlin Eastman Elder Elmore Fairfax Falconer "
    "Fenwick Field Finch Fletcher Forrester Foxley Garland Glover Goodfellow Granger Greenaway Hale "
    "Harrow Hawthorn Heath Heron Hillman Holloway Holt Hornby Jessop Keeler Kestrel Kirkham Larch Lark "
    "Linden Lockhart Longley Marsh Mason Meadows Mercer Merrow Miller Moor Nightingale Northcott Oakley "
    "Orchard Osprey Pemberton Piper Plover Quill Ravenhill Redfern Ridley Rook Rowley Sawyer Sexton "
    "Shepherd Silver Sparrow Stone Swift Tanner Thatcher Thorne Tiller Underhill Vine Wainwright Walden "
    "Warbler Weaver Westbrook Wheeler Whitlock Willow Winters Woodruff Wright Yardley".split()
)
STREETS: Final = tuple(
    "Acorn Amber Anchor Badger Barley Bluebell Bridge Cedar Chapel Clover Copperfield Cottage Dogwood "
    "Elm Fern Foundry Garden Harbor Harvest Hickory Ivy Juniper Kingfisher Lantern Larkspur Laurel "
    "Lilac Magnolia Maple Mill Moss Orchard Pebble Pine Poplar Quarry Ridge Rosewood Saddle Sandstone "
    "Spring Summit Tulip Valley Walnut".split()
)
STREET_KINDS: Final = ("Street", "St.", "Ave.", "Road", "Rd.", "Drive", "Dr.", "Court", "Lane", "Way")
MAIL_HOSTS: Final = ("example.com", "example.org", "example.net")

_PLACES: Final = {
    ("Northeast", "New England"): (
        "Connecticut CT Hartford Bridgeport Norwalk|"
        "Maine ME Portland Bangor|Massachusetts MA Boston Worcester Lowell "
        "Quincy|New_Hampshire NH Concord Nashua|"
        "Rhode_Island RI Providence Cranston|Vermont VT Burlington Rutland"
    ),
    ("Northeast", "Middle Atlantic"): (
        "New_Jersey NJ Newark Trenton Paterson|New_York NY Albany Buffalo Rochester Utica|"
        "Pennsylvania PA Pittsburgh Erie Scranton Reading"
    ),
    ("Midwest", "East North Central"): (
        "Illinois IL Peoria Rockford Joliet|Indiana IN Gary Muncie Evansville|"
        "Michigan MI Lansing Flint|"
        "Ohio OH Akron Dayton Toledo|Wisconsin WI Madison Racine"
    ),
    ("Midwest", "West North Central"): (
        "Iowa IA Davenport Waterloo|Kansas KS Topeka Salina|Minnesota MN Duluth Rochester|"
        "Missouri MO Joplin Columbia|"
        "Nebraska NE Omaha Lincoln"
    ),
    ("South", "South Atlantic"): (
        "Delaware DE Dover Wilmington|Florida FL Tampa Ocala|Georgia GA Macon Savannah|Maryland MD Frederick|"
        "Virginia VA Norfolk Roanoke"
    ),
    (
        "South",
        "West South Central",
    ): "Arkansas AR Conway|Louisiana LA Monroe|Oklahoma OK Tulsa|Texas TX Waco Laredo Plano",
    (
        "West",
        "Mountain",
    ): "Arizona AZ Mesa Yuma|Colorado CO Pueblo|Idaho ID Boise|Nevada NV Reno|Utah UT Provo",
    (
        "West",
        "Pacific",
    ): "California CA Fresno Oakland Modesto|Oregon OR Salem Eugene|Washington WA Tacoma Spokane",
}


def places() -> list[tuple[str, str, str, str, str]]:
    """Return city, state, abbreviation, region, division of the CRM's towns: real places, own selection."""
    found = []
    for (region, division), states in _PLACES.items():
        for state in states.split("|"):
            name, short, *cities = state.split()
            found += [(city, name.replace("_", " "), short, region, division) for city in cities]
    return found
