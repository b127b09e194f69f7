"""The known XMP namespaces and properties: their names in edits, and the form of their values.

Sources: the XMP specification (parts 1 and 2), the IPTC and CIPA schemas, and ExifTool for the names of tags.
Properties of an unknown namespace are read too: the group of their tags has the name of the prefix.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMETA = "adobe:ns:meta/"
XML = "http://www.w3.org/XML/1998/namespace"

Item = Literal["text", "number", "rational", "date", "coordinate", "struct", "odd"]
"""Type of one value. `struct` (a structure) and `odd` (logarithms, encoded bytes) are neither read nor written."""

Container = Literal["", "bag", "seq", "alt"]
"""Container of the values. "": a single value. `bag`: an unordered list. `seq`: an ordered list. `alt`: one text for
each language.
"""


class Property(NamedTuple):
    """One XMP property."""

    tag: str
    """`group:tag` as in edits, for instance `XMP-dc:Title`."""
    prefix: str
    """The usual prefix of the property's namespace."""
    name: str
    """`{namespace}name`, the form that lxml uses."""
    item: Item
    container: Container = ""

    @property
    def uri(self) -> str:
        """The property's namespace."""
        return self.name[1:].partition("}")[0]


# Each namespace has a line "@ group prefix namespace". Its properties follow, by type. A tag is the name with a capital
# first letter; another tag is written as `name=Tag`.
_TABLE = """
@ dc dc http://purl.org/dc/elements/1.1/
text: coverage format identifier source
alt: description rights title
bag: contributor language publisher relation subject type
seq: creator
seq-date: date
@ xmp xmp http://ns.adobe.com/xap/1.0/
text: Author BaseURL CreatorTool Format Keywords Label Nickname
number: Rating RatingPercent
date: CreateDate MetadataDate ModifyDate
alt: Description Title
bag: Advisory Identifier
struct: PageInfo Thumbnails
@ xmpRights xmpRights http://ns.adobe.com/xap/1.0/rights/
text: Certificate Marked WebStatement
alt: UsageTerms
bag: Owner
@ xmpMM xmpMM http://ns.adobe.com/xap/1.0/mm/
text: DocumentID InstanceID LastURL ManageTo ManageUI Manager ManagerVariant OriginalDocumentID
  PreservedFileName RenditionClass RenditionParams VersionID
number: SaveID
seq: subject
struct: DerivedFrom History Ingredients ManagedFrom Manifest Pantry RenditionOf Versions
@ photoshop photoshop http://ns.adobe.com/photoshop/1.0/
text: AuthorsPosition CaptionWriter Category City Country Credit EmbeddedXMPDigest Headline History
  ICCProfile=ICCProfileName Instructions LegacyIPTCDigest SidecarForExtension Source State
  TransmissionReference
number: ColorMode Urgency
date: DateCreated
bag: DocumentAncestors SupplementalCategories
struct: CameraProfiles TextLayers
@ tiff tiff http://ns.adobe.com/tiff/1.0/
text: Artist Make Model NativeDigest Software
number: Compression ImageLength=ImageHeight ImageWidth Orientation PhotometricInterpretation
  PlanarConfiguration ResolutionUnit SamplesPerPixel YCbCrPositioning
rational: XResolution YResolution
date: DateTime
alt: Copyright ImageDescription
seq-number: BitsPerSample TransferFunction YCbCrSubSampling
seq-rational: PrimaryChromaticities ReferenceBlackWhite WhitePoint YCbCrCoefficients
@ exif exif http://ns.adobe.com/exif/1.0/
text: ExifVersion FlashpixVersion GPSAreaInformation GPSDestBearingRef GPSDestDistanceRef
  GPSImgDirectionRef GPSMapDatum GPSProcessingMethod GPSSatellites GPSSpeedRef GPSStatus GPSTrackRef
  GPSVersionID ImageUniqueID LightSource MakerNote NativeDigest RelatedSoundFile SpectralSensitivity
number: Contrast CustomRendered ExposureMode ExposureProgram FileSource
  FocalLengthIn35mmFilm=FocalLengthIn35mmFormat FocalPlaneResolutionUnit GPSAltitudeRef GPSDifferential
  GPSMeasureMode GainControl MeteringMode PixelXDimension=ExifImageWidth PixelYDimension=ExifImageHeight
  Saturation SceneCaptureType SceneType SensingMethod Sharpness SubjectDistanceRange WhiteBalance
rational: BrightnessValue CompressedBitsPerPixel DigitalZoomRatio ExposureBiasValue=ExposureCompensation
  ExposureIndex ExposureTime FNumber FlashEnergy FocalLength FocalPlaneXResolution FocalPlaneYResolution
  GPSAltitude GPSDOP GPSDestBearing GPSDestDistance GPSHPositioningError GPSImgDirection GPSSpeed GPSTrack
  SubjectDistance
date: DateTimeDigitized DateTimeOriginal GPSTimeStamp=GPSDateTime
coordinate: GPSDestLatitude GPSDestLongitude GPSLatitude GPSLongitude
alt: UserComment
seq-number: ComponentsConfiguration ISOSpeedRatings=ISO SubjectArea SubjectLocation
struct: CFAPattern DeviceSettingDescription Flash OECF=Opto-ElectricConvFactor SpatialFrequencyResponse
odd: ApertureValue ColorSpace MaxApertureValue ShutterSpeedValue
@ exifEX exifEX http://cipa.jp/exif/1.0/
text: BodySerialNumber=SerialNumber CameraOwnerName=OwnerName InteroperabilityIndex=InteropIndex LensMake
  LensModel LensSerialNumber
number: CompositeImage ISOSpeed ISOSpeedLatitudeyyy ISOSpeedLatitudezzz PhotographicSensitivity
  RecommendedExposureIndex SensitivityType StandardOutputSensitivity
rational: Acceleration CameraElevationAngle Gamma Humidity Pressure Temperature=AmbientTemperature
  WaterDepth
seq-number: CompositeImageCount
struct: CompositeImageExposureTimes
odd: LensSpecification=LensInfo
@ aux aux http://ns.adobe.com/exif/1.0/aux/
text: DistortionCorrectionAlreadyApplied EnhanceDetailsAlreadyApplied EnhanceDetailsVersion
  EnhanceSuperResolutionAlreadyApplied EnhanceSuperResolutionVersion Firmware ImageNumber IsMergedHDR
  IsMergedPanorama LateralChromaticAberrationCorrectionAlreadyApplied Lens LensDistortInfo LensID
  LensSerialNumber NeutralDensityFactor OwnerName SerialNumber VignetteCorrectionAlreadyApplied
rational: ApproximateFocusDistance EnhanceSuperResolutionScale FlashCompensation
odd: LensInfo
@ iptcCore Iptc4xmpCore http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/
text: CountryCode IntellectualGenre Location
alt: AltTextAccessibility ExtDescrAccessibility
bag: Scene SubjectCode
struct: CreatorContactInfo
@ iptcExt Iptc4xmpExt http://iptc.org/std/Iptc4xmpExt/2008-02-29/
text: AddlModelInfo=AdditionalModelInformation CircaDateCreated DigImageGUID=DigitalImageGUID
  DigitalSourceType DigitalSourcefileType=DigitalSourceFileType FeedIdentifier ReleaseReady StreamReady
  StylePeriod VisualColour=VisualColor audioBitRateMode=AudioBitrateMode parentId=ParentID
  videoBitRateMode=VideoBitrateMode videoEncodingProfile
number: CopyrightYear MaxAvailHeight MaxAvailWidth audioBitRate=AudioBitrate audioBitsPerSample
  audioChannelCount videoBitRate=VideoBitrate videoStreamsCount
rational: videoDisplayAspectRatio
date: IptcLastEdited=IPTCLastEdited metadataLastEdited
alt: Dopesheet Event Headline Transcript
bag: CVterm=ControlledVocabularyTerm EventId=EventID ExternalMetadataLink OrganisationInImageCode
  OrganisationInImageName PersonInImage StorylineIdentifier
bag-number: ModelAge
struct: AboutCvTerm ArtworkOrObject ContainerFormat Contributor Creator DataOnScreen DopesheetLink
  EmbdEncRightsExpr Episode EventExt=ShownEvent Genre ImageRegion LinkedEncRightsExpr LocationCreated
  LocationShown PersonHeard PersonInImageWDetails PlanningRef ProductInImage PublicationEvent Rating
  RecDevice RegistryId=RegistryID Season Series SnapshotLink=Snapshot SupplyChainSource TemporalCoverage
  TranscriptLink VideoShotType WorkflowTag metadataAuthority metadataLastEditor
@ lr lr http://ns.adobe.com/lightroom/1.0/
text: privateRTKInfo
bag: hierarchicalSubject weightedFlatSubject
@ digiKam digiKam http://www.digikam.org/ns/1.0/
text: ColorLabel ImageHistory ImageUniqueID LensCorrectionSettings PickLabel picasawebGPhotoId
alt: CaptionsAuthorNames CaptionsDateTimeStamps
seq: TagsList
@ microsoft MicrosoftPhoto http://ns.microsoft.com/photo/1.0
text: CameraSerialNumber CreatorAppId=CreatorAppID CreatorOpenWithUIOptions FlashManufacturer FlashModel
  ItemSubType LensManufacturer LensModel Rating=RatingPercent
date: DateAcquired
bag: LastKeywordIPTC LastKeywordXMP
@ acdsee acdsee http://ns.acdsee.com/iptc/1.0/
text: EditStatus FixtureIdentifier ObjectCycle OriginatingProgram ReleaseDate ReleaseTime author caption
  categories collections notes rawrppused tagged
number: rating
date: datetime=DateTime
bag: keywords
odd: Snapshots dpp=DPP rpp=RPP
@ mediapro mediapro http://ns.iview-multimedia.com/mediapro/1.0/
text: Event Location Status
bag: CatalogSets People UserFields
@ expressionmedia expressionmedia http://ns.microsoft.com/expressionmedia/1.0/
text: Event Status
bag: CatalogSets People
@ photomech photomechanic http://ns.camerabits.com/photomechanic/1.0/
text: CountryCode EditStatus PMVersion Prefs Tagged
number: ColorClass
odd: TimeCreated
@ pdf pdf http://ns.adobe.com/pdf/1.3/
text: Author Copyright Creator Keywords Marked PDFVersion Producer Subject Title
date: CreationDate ModDate
odd: Trapped
@ GCamera GCamera http://ns.google.com/photos/1.0/camera/
text: BurstID BurstPrimary PortraitNote PortraitVersion
number: MicroVideo MicroVideoOffset MicroVideoPresentationTimestampUs MicroVideoVersion
bag: DisableAutoCreation SpecialTypeID
odd: PortraitRequest hdrp_makernote=HDRPMakerNote shot_log_data=ShotLogData
@ GPano GPano http://ns.google.com/photos/1.0/panorama/
text: CaptureSoftware ExposureLockUsed ProjectionType StitchingSoftware UsePanoramaViewer
number: CroppedAreaImageHeightPixels CroppedAreaImageWidthPixels CroppedAreaLeftPixels
  CroppedAreaTopPixels FullPanoHeightPixels FullPanoWidthPixels InitialCameraDolly
  InitialHorizontalFOVDegrees InitialVerticalFOVDegrees InitialViewHeadingDegrees InitialViewPitchDegrees
  InitialViewRollDegrees LargestValidInteriorRectHeight LargestValidInteriorRectLeft
  LargestValidInteriorRectTop LargestValidInteriorRectWidth PoseHeadingDegrees PosePitchDegrees
  PoseRollDegrees SourcePhotosCount
date: FirstPhotoDate LastPhotoDate
@ xmpNote xmpNote http://ns.adobe.com/xmp/note/
text: HasExtendedXMP
@ MP MP http://ns.microsoft.com/photo/1.2/
struct: RegionInfo=RegionInfoMP
@ ics ics http://ns.idimager.com/ics/1.0/
text: AppVersion ImageRef
date: TimeStamp
struct: SubVersions TagStructure
@ crs crs http://ns.adobe.com/camera-raw-settings/1.0/
number: Temperature=ColorTemperature
@ xmpDM xmpDM http://ns.adobe.com/xmp/1.0/DynamicMedia/
text: comment=DMComment
@ GImage GImage http://ns.google.com/photos/1.0/image/
text: Mime=ImageMimeType
odd: Data=ImageData
@ GAudio GAudio http://ns.google.com/photos/1.0/audio/
text: Mime=AudioMimeType
odd: Data=AudioData
@ GDepth GDepth http://ns.google.com/photos/1.0/depthmap/
odd: Data=DepthImage Confidence
@ mwg-rs mwg-rs http://www.metadataworkinggroup.com/schemas/regions/
struct: Regions=RegionInfo
@ mwg-kw mwg-kw http://www.metadataworkinggroup.com/schemas/keywords/
struct: Keywords=KeywordInfo
"""


_KINDS: dict[str, tuple[Item, Container]] = {
    "text": ("text", ""),
    "number": ("number", ""),
    "rational": ("rational", ""),
    "date": ("date", ""),
    "coordinate": ("coordinate", ""),
    "struct": ("struct", ""),
    "odd": ("odd", ""),
    "alt": ("text", "alt"),
    "bag": ("text", "bag"),
    "bag-number": ("number", "bag"),
    "seq": ("text", "seq"),
    "seq-number": ("number", "seq"),
    "seq-rational": ("rational", "seq"),
    "seq-date": ("date", "seq"),
}


def capital(name: str) -> str:
    """Return `name` with a capital first letter, as in the names of tags."""
    return name[:1].upper() + name[1:]


def _properties() -> list[Property]:
    properties: list[Property] = []
    group = prefix = uri = ""
    kind = _KINDS["text"]
    for word in _TABLE.replace("\n@ ", "\n@").split():
        if word.startswith("@"):
            group, prefix, uri = word[1:], "", ""
        elif not prefix:
            prefix = word
        elif not uri:
            uri = word
        elif word.endswith(":"):
            kind = _KINDS[word[:-1]]
        else:
            name, _, tag = word.partition("=")
            properties.append(
                Property(f"XMP-{group}:{tag or capital(name)}", prefix, f"{{{uri}}}{name}", *kind)
            )
    return properties


BY_NAME: dict[str, Property] = {xmp_property.name: xmp_property for xmp_property in _properties()}
"""Properties by `{namespace}name`."""

BY_TAG: dict[str, Property] = {xmp_property.tag: xmp_property for xmp_property in BY_NAME.values()}
"""Properties by `group:tag`."""

GROUPS: dict[str, str] = {
    xmp_property.uri: xmp_property.tag.partition(":")[0] for xmp_property in BY_NAME.values()
}
"""Groups of tags (`XMP-dc`) by namespace."""


def can_write(tag: str) -> bool:
    """Return whether `tag` (`group:tag`) is an XMP property that can be written."""
    xmp_property = BY_TAG.get(tag)
    return xmp_property is not None and xmp_property.item not in ("struct", "odd")


def is_list(tag: str) -> bool:
    """Return whether `tag` (`group:tag`) is an XMP property that holds a list of values."""
    xmp_property = BY_TAG.get(tag)
    return xmp_property is not None and xmp_property.container in ("bag", "seq")
