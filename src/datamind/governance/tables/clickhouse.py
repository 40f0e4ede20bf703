"""ClickHouse's allowed functions: they compute from their arguments and reach nothing else."""

# Left out on purpose: table functions (files, other servers, other tables by name), dictionaries
# and joinGet (tables by a text), settings, macros, host and user facts, sleeps, states of
# aggregates, and whatever is not listed. ClickHouse tells case apart; here all are in small letters.
AGGREGATES = frozenset(
    """
    studentttest mannwhitneyutest welchttest corrstable covarpopstable covarsampstable
    stddevpopstable stddevsampstable varpopstable varsampstable grouparraysorted
    grouparraysample grouparrayintersect exponentialtimedecayedsum any anylast anyheavy argmax
    argmin avg avgweighted boundingratio corr count covarpop covarsamp cramersv entropy
    first_value last_value grouparray grouparrayinsertat grouparraylast grouparraymovingavg
    grouparraymovingsum groupbitand groupbitor groupbitxor groupuniqarray kurtpop kurtsamp max
    maxmap median medianexact min minmap quantile quantiledeterministic quantileexact
    quantileexacthigh quantileexactinclusive quantileexactlow quantileexactweighted
    quantiletdigest quantiletiming
    quantiles quantilesexact quantilestdigest rankcorr simplelinearregression singlevalueornull
    skewpop skewsamp stddevpop stddevsamp stochasticlinearregression sum sumcount sumkahan
    summap sumwithoverflow topk topkweighted uniq uniqcombined uniqcombined64 uniqexact
    uniqhll12 uniqtheta varpop varsamp deltasum retention sequencecount sequencematch
    windowfunnel histogram exponentialmovingaverage
    """.split()
)
# What an aggregate's name may end in (combinators); -State and -Merge make values of their own.
COMBINATORS = (
    "",
    "if",
    "distinct",
    "array",
    "ornull",
    "ordefault",
    "distinctif",
    "arrayif",
    "foreach",
)
FUNCTIONS = frozenset(
    """
    tostartoftenminutes timezone exponentialtimedecayedavg nonnegativederivative arrayfold
    arraywithconstant arrayresize mapapply mapfilter mapsort jsonextractkeys
    simplejsonextractint simplejsonextractstring simplejsonextractfloat simplejsonextractbool
    simplejsonextractraw visitparamextractint visitparamextractstring tojsonstring extractgroups
    extractallgroups extractallgroupshorizontal editdistance dameraulevenshteindistance
    jarowinklersimilarity jarosimilarity ngramdistance stringjaccardindex bar printf alphatokens
    isipv4string isipv6string toipv4 toipv6 ipv4numtostring ipv4stringtonum cutwww
    cutquerystring cutfragment cuturlparameter clamp positivemodulo factorial generateuuidv4
    tolowcardinality emptyarraystring emptyarrayint32 emptyarrayint64 emptyarrayfloat64 initcap
    tupleelement tofloat64ordefault arrayshiftleft arrayshiftright arraypartialsort
    arraycumsumnonnegative tomodifiedjulianday datetrunc tounixtimestamp64micro monthname
    toyearnumsinceepoch defaultvalueofargumenttype throwif abs acos acosh adddays addhours addminutes addmonths addquarters
    addseconds addweeks addyears age and appendtrailingcharifabsent array arrayall arrayauc
    arrayavg arraycompact arrayconcat arraycount arraycumsum arraydifference arraydistinct
    arrayelement arrayenumerate arrayenumeratedense arrayenumerateuniq arrayexists arrayfill
    arrayfilter arrayfirst arrayfirstindex arrayflatten arrayintersect arrayjoin arraylast
    arraylastindex arraymap arraymax arraymin arraypopback arraypopfront arrayproduct
    arraypushback arraypushfront arrayreduce arrayreverse arrayreversefill arrayreversesort
    arrayreversesplit arrayrotateleft arrayrotateright arrayslice arraysort arraysplit
    arraystringconcat arraysum arrayuniq arrayzip ascii asin asinh assumenotnull atan atan2
    atanh base64decode base64encode bin bitand bitcount bitnot bitor bitshiftleft bitshiftright
    bittest bitxor casewithexpression cast cbrt ceil ceiling char charlength character_length
    char_length cityhash64 coalesce concat concatwithseparator concat_ws cos cosh countequal
    countdigits countsubstrings countsubstringscaseinsensitive crc32 cume_dist current_date
    current_timestamp cuttofirstsignificantsubdomain date dateadd datediff datename datepart
    datesub date_add date_diff date_sub date_trunc day dayofmonth dayofweek dayofyear degrees
    denserank dense_rank divide domain domainwithoutwww empty endswith equals erf erfc exp exp10
    exp2 extract extractall extractallgroupsvertical extracturlparameter farmhash64 flatten
    floor format formatdatetime formatreadabledecimalsize formatreadablequantity
    formatreadablesize formatreadabletimedelta fromunixtimestamp fromunixtimestamp64micro
    fromunixtimestamp64milli
    fromunixtimestamp64second gcd greatcircledistance greater greaterorequals greatest has
    hasall hasany hassubstr hastoken hex hour if ifnotfinite ifnull ilike in indexof initcaputf8
    intdiv intdivorzero intexp10 intexp2 isfinite isinfinite isnan isnotnull isnull iszeroornull
    jsonextract jsonextractarrayraw jsonextractbool jsonextractfloat jsonextractint
    jsonextractkeysandvalues jsonextractraw jsonextractstring jsonextractuint jsonhas jsonlength
    jsontype json_exists json_query json_value isvalidjson jumpconsistenthash kurtosis lag
    laginframe last_day lcase lcm lead leadinframe least left leftpad leftpadutf8 leftutf8
    length lengthutf8 lessorequals less levenshteindistance like ln locate log log10 log1p log2
    lower lowerutf8 lpad ltrim makedate makedatetime map mapadd mapcontains mapkeys mapsubtract
    mapvalues match materialize max2 md5 min2 minus minute mod modulo modulo_or_zero
    moduloorzero month multiif multiply multisearchany murmurhash3_64 negate neighbor ngrams not
    notempty notequals notin notlike now now64 nth_value ntile nullif numbers or parsedatetime
    parsedatetimebesteffort parsedatetimebesteffortornull parsedatetimeornull partitionid path
    percent_rank percentrank pi plus position positioncaseinsensitive
    positioncaseinsensitiveutf8 positionutf8 pow power protocol quarter querystring radians rand
    rand32 rand64 randuniform range rank regexpextract regexpquotemeta repeat replace replaceall
    replaceone replaceregexpall replaceregexpone reverse reverseutf8 right rightpad rightpadutf8
    rightutf8 round roundage roundbankers rounddown roundduration rownumberinallblocks
    row_number rpad rtrim runningaccumulate runningdifference second sha1 sha224 sha256 sha512
    sign sin sinh siphash64 soundex space splitbychar splitbynonalpha splitbyregexp
    splitbystring splitbywhitespace sqrt startswith stddev subdate substr substring
    substringcount substringindex substringutf8 subtractdays subtracthours subtractminutes
    subtractmonths subtractquarters subtractseconds subtractweeks subtractyears tan tanh
    timediff timeslot timeslots timestamp timestampdiff timestamp_diff timestamp_add
    timestamp_sub tobool todate todate32 todate32ornull todateornull todatetime todatetime64
    todatetimeornull todayofmonth todayofweek todayofyear todecimal128 todecimal32 todecimal64
    todecimal64ornull tofixedstring tofloat32 tofloat32ornull tofloat64 tofloat64ornull
    tofloat64orzero tohour toisoweek toisoyear toint128 toint16 toint256 toint32 toint32ornull
    toint32orzero toint64 toint64ornull toint64orzero toint8 tointervalday tointervalhour
    tointervalminute tointervalmonth tointervalquarter tointervalsecond tointervalweek
    tointervalyear tolastdayofmonth tolastdayofweek tominute tomonday tomonth tonullable
    toquarter torelativedaynum torelativemonthnum torelativeweeknum torelativeyearnum tosecond
    tostartofday tostartoffifteenminutes tostartoffiveminutes tostartofhour tostartofisoyear
    tostartofinterval tostartofminute tostartofmonth tostartofquarter tostartofsecond
    tostartofweek tostartofyear tostring totime totimezone totypename touint128 touint16
    touint256 touint32 touint32ornull touint32orzero touint64 touint64ornull touint64orzero
    touint8 touuid touuidornull tounixtimestamp tounixtimestamp64milli tovalidutf8 toweek
    toyyyymm toyyyymmdd toyyyymmddhhmmss toyear toyearweek today tokens topleveldomain transform
    translate translateutf8 trim trimboth trimleft trimright trunc truncate trybase64decode
    tuple ucase unhex untuple upper upperutf8 variance week widthbucket width_bucket xor
    xxhash64 year yearweek yesterday zipwithindex var_pop var_samp stddev_pop stddev_samp
    covar_pop covar_samp approx_count_distinct uniq any_value array_agg string_agg group_concat
    groupconcat arg_max arg_min bit_and bit_or bit_xor bool_and bool_or
    """.split()
) | {name + ending for name in AGGREGATES for ending in COMBINATORS}

# What gives something else each time, by the clock or by chance, or by the blocks that it is run in;
# a date without a year is taken to be of this one.
VOLATILE = frozenset(
    """
    arraypartialsort current_date current_timestamp generateuuidv4 grouparraysample neighbor now now64
    parsedatetimebesteffort parsedatetimebesteffortornull partitionid rand rand32 rand64
    randuniform rownumberinallblocks runningaccumulate runningdifference timezone today yesterday
    """.split()
)
# What else may stand before a bracket: types with sizes, and words of the grammar.
WORDS = frozenset(
    """
    all and any array as between bigint by case char cross cube date date32 datetime datetime64
    dec decimal decimal128 decimal256 decimal32 decimal64 distinct double else end except exists
    extract filter fixedstring float32 float64 from full group having ilike in inner int int128
    int16 int256 int32 int64 int8 intersect interval is join left like limit not nullable nulls
    offset on or order outer over partition recursive right rollup row rows select sets similar
    string then to tuple uint128 uint16 uint256 uint32 uint64 uint8 union using values varchar
    when where with within
    """.split()
)
