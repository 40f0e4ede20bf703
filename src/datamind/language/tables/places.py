"""Places: the other ways in which data may spell a state, country or continent that is named.

A line is a place: its names, then its codes, then the words for who and what is of it. ISO 3166
(2 and 3 letters) and the postal codes of the United States.
"""

from __future__ import annotations

_STATES = """alabama,AL|alaska,AK|arizona,AZ|arkansas,AR|california,CA,californian|colorado,CO
connecticut,CT|delaware,DE|district of columbia,DC|florida,FL,floridian|georgia,GA|hawaii,HI
idaho,ID|illinois,IL|indiana,IN|iowa,IA|kansas,KS|kentucky,KY|louisiana,LA|maine,ME|maryland,MD
massachusetts,MA|michigan,MI|minnesota,MN|mississippi,MS|missouri,MO|montana,MT|nebraska,NE
nevada,NV|new hampshire,NH|new jersey,NJ|new mexico,NM|new york,NY|north carolina,NC
north dakota,ND|ohio,OH|oklahoma,OK|oregon,OR|pennsylvania,PA|rhode island,RI|south carolina,SC
south dakota,SD|tennessee,TN|texas,TX,texan|utah,UT|vermont,VT|virginia,VA|washington,WA
west virginia,WV|wisconsin,WI|wyoming,WY"""
_COUNTRIES = """afghanistan,AF,AFG,afghan|albania,AL,ALB,albanian|algeria,DZ,DZA,algerian
argentina,AR,ARG,argentinian,argentine|armenia,AM,ARM,armenian|australia,AU,AUS,australian
austria,AT,AUT,austrian|azerbaijan,AZ,AZE,azerbaijani|bangladesh,BD,BGD,bangladeshi
belarus,BY,BLR,belarusian|belgium,BE,BEL,belgian|bolivia,BO,BOL,bolivian|brazil,BR,BRA,brazilian
bulgaria,BG,BGR,bulgarian|cambodia,KH,KHM,cambodian|cameroon,CM,CMR,cameroonian
canada,CA,CAN,canadian|chile,CL,CHL,chilean|china,CN,CHN,chinese|colombia,CO,COL,colombian
costa rica,CR,CRI,costa rican|croatia,HR,HRV,croatian|cuba,CU,CUB,cuban|cyprus,CY,CYP,cypriot
czech republic,czechia,CZ,CZE,czech|denmark,DK,DNK,danish,dane|ecuador,EC,ECU,ecuadorian
egypt,EG,EGY,egyptian|estonia,EE,EST,estonian|ethiopia,ET,ETH,ethiopian|finland,FI,FIN,finnish,finn
france,FR,FRA,french|georgia,GE,GEO,georgian|germany,DE,DEU,GER,german|ghana,GH,GHA,ghanaian
greece,GR,GRC,greek|guatemala,GT,GTM,guatemalan|hong kong,HK,HKG|hungary,HU,HUN,hungarian
iceland,IS,ISL,icelandic|india,IN,IND,indian|indonesia,ID,IDN,indonesian|iran,IR,IRN,iranian
iraq,IQ,IRQ,iraqi|ireland,IE,IRL,irish|israel,IL,ISR,israeli|italy,IT,ITA,italian
jamaica,JM,JAM,jamaican|japan,JP,JPN,japanese|jordan,JO,JOR,jordanian|kazakhstan,KZ,KAZ,kazakh
kenya,KE,KEN,kenyan|kuwait,KW,KWT,kuwaiti|latvia,LV,LVA,latvian|lebanon,LB,LBN,lebanese
lithuania,LT,LTU,lithuanian|luxembourg,LU,LUX|malaysia,MY,MYS,malaysian|malta,MT,MLT,maltese
mexico,MX,MEX,mexican|mongolia,MN,MNG,mongolian|morocco,MA,MAR,moroccan|nepal,NP,NPL,nepalese
netherlands,the netherlands,holland,NL,NLD,dutch|new zealand,NZ,NZL|nigeria,NG,NGA,nigerian
norway,NO,NOR,norwegian|pakistan,PK,PAK,pakistani|panama,PA,PAN|paraguay,PY,PRY,paraguayan
peru,PE,PER,peruvian|philippines,the philippines,PH,PHL,filipino|poland,PL,POL,polish,pole
portugal,PT,PRT,POR,portuguese|qatar,QA,QAT,qatari|romania,RO,ROU,romanian
russia,russian federation,RU,RUS,russian|saudi arabia,SA,SAU,KSA,saudi|senegal,SN,SEN,senegalese
serbia,RS,SRB,serbian|singapore,SG,SGP,singaporean|slovakia,SK,SVK,slovak|slovenia,SI,SVN,slovenian
south africa,ZA,ZAF,RSA,south african|south korea,korea,KR,KOR,korean,south korean
spain,ES,ESP,spanish,spaniard|sri lanka,LK,LKA,sri lankan|sweden,SE,SWE,swedish,swede
switzerland,CH,CHE,SUI,swiss|syria,SY,SYR,syrian|taiwan,TW,TWN,taiwanese|tanzania,TZ,TZA,tanzanian
thailand,TH,THA,thai|tunisia,TN,TUN,tunisian|turkey,TR,TUR,turkish,turk|uganda,UG,UGA,ugandan
ukraine,UA,UKR,ukrainian|united arab emirates,emirates,UAE,AE,ARE,emirati
united kingdom,great britain,britain,UK,GB,GBR,british
united states,united states of america,america,USA,US,american|uruguay,UY,URY,uruguayan
uzbekistan,UZ,UZB,uzbek|venezuela,VE,VEN,venezuelan|vietnam,VN,VNM,vietnamese|zambia,ZM,ZMB,zambian
zimbabwe,ZW,ZWE,zimbabwean"""
_CONTINENTS = """africa,african,AF|asia,asian,AS|europe,european,EU|north america,NA
south america,SA|oceania,OC|antarctica,AN"""


def _spellings(*lists: str) -> dict[str, frozenset[str]]:
    """For each spelling in lower case, the others of the same place; a code may be of several."""
    found: dict[str, frozenset[str]] = {}
    for line in "|".join(lists).replace("\n", "|").split("|"):
        words = [w.strip().lower() for w in line.split(",")]
        for word in words:
            found[word] = found.get(word, frozenset()) | frozenset(words) - {word}
    return found


PLACES = _spellings(_STATES, _COUNTRIES, _CONTINENTS)
# Words of columns and tables that hold places.
PLACE_WORDS = frozenset(
    """state country nation nationality citizenship region continent province territory market
    location origin destination birthplace st ctry cntry""".split()
)
# Words of columns that say where something is.
PLACE_PARTS = PLACE_WORDS - {
    "origin",
    "destination",
    "market",
    "citizenship",
    "nationality",
} | frozenset(
    """city town village address street district neighborhood neighbourhood suburb zip postcode
    venue room""".split()
)
